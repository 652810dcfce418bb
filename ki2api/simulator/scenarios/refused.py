"""Scenarios in which no stream comes: refusals, and answers that are none.

A scenario is a function; its name with hyphens is how it is called, its docstring what is printed.
"""

from ki2api.simulator.plan import Instead, Plan
from ki2api.simulator.refusals import REFUSALS, Refusal, Words, refusal, words_for
from ki2api.simulator.scenarios.values import Values

_HTML = {"content-type": "text/html"}
_STREAM = {"content-type": "application/vnd.amazon.eventstream"}


def refuse(_: Plan, values: Values) -> None:
    """Refuse; status=429 reason=… retry-after=… or kind=… (a name of the table of refusals)."""
    words = REFUSALS.get(values.word("kind")) or words_for(
        values.integer("status", 429), values.word("reason") or None
    )
    if values.has("message"):
        message = values.word("message").replace("+", " ")
        words = Words(words.status, words.type, message, words.reason)
    wait = values.word("retry-after")
    raise Refusal(words, rules=("refuse",), headers={"retry-after": wait} if wait else {})


def throttled(_: Plan, values: Values) -> None:
    """Answer 429, with Retry-After if retry-after=… says so."""
    wait = values.word("retry-after")
    raise refusal("throttled", headers={"retry-after": wait} if wait else {})


def capacity(_plan: Plan, _: Values) -> None:
    """Answer 429 INSUFFICIENT_MODEL_CAPACITY."""
    raise refusal("capacity")


def suspicious(_plan: Plan, _: Values) -> None:
    """Answer 429 with the words about suspicious activity."""
    raise refusal("suspicious")


def suspended(_plan: Plan, _: Values) -> None:
    """Answer 403 with the words about a locked account."""
    raise refusal("suspended")


def expired(_plan: Plan, _: Values) -> None:
    """Answer 403: the bearer token is invalid."""
    raise refusal("invalid-token")


def spent(_plan: Plan, _: Values) -> None:
    """Answer 402 MONTHLY_REQUEST_COUNT."""
    raise refusal("spent")


def improper(_plan: Plan, _: Values) -> None:
    """Answer 400 "Improperly formed request."."""
    raise refusal("improper")


def too_long(_plan: Plan, _: Values) -> None:
    """Answer 400 CONTENT_LENGTH_EXCEEDS_THRESHOLD."""
    raise refusal("too-long")


def overloaded(_plan: Plan, _: Values) -> None:
    """Answer 500 MODEL_TEMPORARILY_UNAVAILABLE."""
    raise refusal("overloaded")


def unexpected(_plan: Plan, _: Values) -> None:
    """Answer 500 "Encountered an unexpected error"."""
    raise refusal("unexpected")


def unavailable(_plan: Plan, _: Values) -> None:
    """Answer 503."""
    raise refusal("unavailable")


def html(plan: Plan, values: Values) -> None:
    """Answer with a load balancer's HTML page, status=502."""
    status = values.integer("status", 502)
    page = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    plan.instead = Instead(status, _HTML, page)


def redirect(plan: Plan, values: Values) -> None:
    """Answer 307, which names another place: to=…."""
    to = values.word("to", "https://example.com/generateAssistantResponse")
    plan.instead = Instead(307, {"location": to})


def garbage(plan: Plan, _: Values) -> None:
    """Answer 200 with bytes that are no event stream."""
    plan.instead = Instead(200, _STREAM, b"<html>this is no event stream at all</html>")


def empty_body(plan: Plan, _: Values) -> None:
    """Answer 200 with no byte at all."""
    plan.instead = Instead(200, _STREAM)


def too_large(plan: Plan, _: Values) -> None:
    """Answer as the gateway before the service does to a body that it will not buffer."""
    # KIRO#10773, word for word; its status was not reported.
    body = (
        b'{"error":{"code":"validation_error","message":"Failed to buffer the request body:'
        b' length limit exceeded","type":"invalid_request_error"}}'
    )
    plan.instead = Instead(400, {"content-type": "application/json"}, body)

"""The one line in the log that tells how a flow ended."""

from re import compile as pattern

import loguru

from ki2api.errors import GatewayError
from ki2api.events import Usage
from ki2api.flow import EventStream, GatewayFlow

_SHOWN = 200
_LONG = pattern(r"([^/]{4})[^/]{16,}")


def journal(flow: GatewayFlow, status: int) -> None:
    """Log a flow that has ended: who asked for what, on which account, and what came of it.

    The status is 0 for one that the process cut off before it had any.
    """
    words = [flow.protocol.name]
    if flow.has("target"):
        words.append(flow.target.model.id)
    words.append(str(status) if status else "cut off")
    if flow.has("response") and isinstance(flow.response, EventStream):
        words.append("stream")
    if flow.usage is not None:
        words += _usage(flow.usage)
    words.append(f"{flow.clock() - flow.began:.2f} s")
    words += _accounts(flow)
    if flow.has("caller") and flow.caller.key != "default":
        words.append(f"key={flow.caller.key}")
    if flow.failure is not None:
        words.append(f"failed: {flow.failure.code}")
        words += [f"rule={flow.failure.rule}"] if flow.failure.rule else []
        words += [f"({flow.failure.path})"] if flow.failure.path else []
        words += [f"({cause})"] if (cause := _cause(flow.failure)) else []
    log = flow.log
    log.info(" ".join(words))
    for note in flow.notes if flow.watched else ():
        log.debug("{}", f"{note.stage}: {note.text}")  # noqa: PLE1205 - loguru fills {}


def refusal(
    request_id: str, target: str, status: int, error: GatewayError, *, method: str = ""
) -> None:
    """Log a request that was refused before it became a flow."""
    asked = f"{method} {shown(target)!r}".lstrip() if target else "a connection"
    line = f"{asked} {status} failed: {error.code}"
    loguru.logger.bind(flow=request_id).info("{}", line)


def shown(target: str) -> str:
    """Return what may be told of a target: its beginning, without the query.

    Of a word that is as long as a key it is the first letters: some write theirs there.
    """
    return _LONG.sub(r"\1...", target.partition("?")[0][:_SHOWN])


def _accounts(flow: GatewayFlow) -> list[str]:
    tried = [
        attempt for attempt in (flow.attempts if flow.has("attempts") else []) if attempt.account
    ]
    attempts = len(tried) + flow.has("response")
    words = [f"account={flow.account.name}"] if flow.has("account") else []
    return [*words, f"attempts={attempts}"] if tried else words


def _usage(usage: Usage) -> list[str]:
    """Tell the tokens, with a mark where Kiro did not count them itself, and the credits."""
    mark = {"upstream": "", "derived": " (derived)", "estimate": " (estimate)"}[usage.source]
    credits_ = [] if usage.credits is None else [f"{usage.credits:.4f} credits"]
    return [f"{usage.whole_input}+{usage.output} tok{mark}", *credits_]


def _cause(error: GatewayError) -> str:
    cause = error.__cause__
    return type(cause).__name__ if isinstance(cause, Exception) else ""

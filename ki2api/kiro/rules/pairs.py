"""Rules about tool calls and their results: H7 to H11.

Every call is answered in the next turn, in order and once; every result answers such a call.
"""

import re
from collections import deque
from hashlib import sha256

import msgspec

from ki2api.kiro.rules.draft import Call, Draft, Result, Said

NOT_RUN = "The tool was not run."
EARLIER = "A tool call that is not shown here gave this result:"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def pair_calls_with_results(draft: Draft) -> None:
    """Settle the tool traffic of the whole conversation; turns alternate and the user is last."""
    if not (draft.has("calls") or draft.has("results")):
        return
    taken: set[str] = set()
    calls: list[Call] = []
    owed: dict[str, deque[str]] = {}
    for said in draft.turns:
        if said.role == "assistant":
            owed = _h10_unique_ids(draft, said, taken)
            calls = said.calls
        elif calls or said.results:
            answers = _answers(draft, said, owed)
            if list(answers) != [call.id for call in calls if call.id in answers]:
                draft.repair("H11", said.at, "the results were put in the order of the calls")
            said.results = [answers.get(call.id) or _h7_not_run(draft, call) for call in calls]
            calls, owed = [], {}


def _h10_unique_ids(draft: Draft, said: Said, taken: set[str]) -> dict[str, deque[str]]:
    """Give each call an id of its own; return Kiro's ids by the client's."""
    owed: dict[str, deque[str]] = {}
    if len(said.calls) > 1:
        said.calls = _h10_each_once(draft, said.calls)
    for call in said.calls:
        client_id, call.id = call.id, _fitting_id(call.id, taken)
        if call.id != client_id:
            draft.repair("H10", call.at, "the id of the call was taken or did not fit")
        taken.add(call.id)
        owed.setdefault(client_id, deque()).append(call.id)
    return owed


def _h10_each_once(draft: Draft, calls: list[Call]) -> list[Call]:
    seen: set[tuple[str, str, bytes]] = set()
    kept: list[Call] = []
    for call in calls:
        same = (call.id, call.name, msgspec.json.encode(call.input, order="deterministic"))
        if same in seen:
            draft.repair("H10", call.at, "the same call stood there twice")
        else:
            seen.add(same)
            kept.append(call)
    return kept


def _fitting_id(client_id: str, taken: set[str]) -> str:
    fitting, attempt = client_id, len(taken)
    while fitting in taken or not _ID.fullmatch(fitting):
        seed = f"{client_id}\0{attempt}".encode("utf-8", "surrogatepass")
        fitting, attempt = f"call_{sha256(seed).hexdigest()[:24]}", attempt + 1
    return fitting


def _answers(draft: Draft, said: Said, owed: dict[str, deque[str]]) -> dict[str, Result]:
    """Sort the results of a turn by the calls they answer; others become words of the turn."""
    answers: dict[str, Result] = {}
    strays: list[str] = []
    for result in said.results:
        ids = owed.get(result.call_id)
        if ids is None:
            strays.append(_h8_h9_as_text(draft, said, result))
            continue
        result.call_id = ids.popleft() if len(ids) > 1 else ids[0]
        if result.call_id in answers:
            draft.repair("H10", result.at, "took the place of an earlier result of the same call")
        answers[result.call_id] = result
    said.texts[:0] = strays
    return answers


def _h8_h9_as_text(draft: Draft, said: Said, result: Result) -> str:
    rule = "H9" if said is draft.turns[0] else "H8"
    draft.repair(rule, result.at, "answers no call of the turn before and became text")
    return "\n".join([EARLIER, *result.texts])


def _h7_not_run(draft: Draft, call: Call) -> Result:
    draft.repair("H7", call.at, "the call has no result, so it was answered as not run")
    return Result(call.id, [NOT_RUN], is_error=True, at=call.at)

"""Faults that can be ordered for questions of the control plane."""

from collections import deque
from collections.abc import Mapping

from ki2api.simulator.accounts import Fault, ordered
from ki2api.simulator.http import Wire
from ki2api.simulator.refusals import REFUSALS, Refusal, words_for
from ki2api.simulator.scenarios.values import Values

CONTROL_OPERATIONS = ("ListAvailableModels", "ListAvailableProfiles", "GetUsageLimits")
CONTROL_SCENARIOS: Mapping[str, str] = {
    "refuse": "refuse with `status` (503), or in the words of `kind` (a name of the table)",
    "empty": "200 with an empty object",
    "garbage": "200 with a body that is no JSON",
    "hang": "no answer ever",
    "reset": "the connection is reset before an answer",
}
"""What `Simulator.order_control` knows."""
_JSON = {"content-type": "application/json"}
_UNAVAILABLE = 503


class Disturbances:
    """What was ordered for each operation, the oldest first."""

    def __init__(self) -> None:
        self._ordered: dict[str, deque[Fault]] = {name: deque() for name in CONTROL_OPERATIONS}

    def order(self, operation: str, fault: str, times: int, values: Mapping[str, object]) -> None:
        """Order a fault; raises KeyError for an operation or a fault that does not exist."""
        _ = CONTROL_SCENARIOS[fault]
        self._ordered[operation].extend(ordered(fault, times, values))

    async def play(self, operation: str, wire: Wire) -> bool:
        """Answer with the next fault of an operation; tell whether there was one."""
        if not self._ordered[operation]:
            return False
        fault = self._ordered[operation].popleft()
        values = Values(fault.values)
        match fault.name:
            case "refuse":
                status = values.integer("status", _UNAVAILABLE)
                words = REFUSALS.get(values.word("kind")) or words_for(status, None)
                raise Refusal(words, rules=("refuse",))
            case "hang":
                await wire.fall_silent()
            case "reset":
                await wire.reset()
            case _:
                body = b"{}" if fault.name == "empty" else b"<html>no answer here</html>"
                await wire.respond(200, _JSON, body)
        return True

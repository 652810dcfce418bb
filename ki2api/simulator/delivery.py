"""Sends a planned answer over the wire, with whatever is to happen to it on the way."""

from ki2api.simulator.http import Wire
from ki2api.simulator.options import SimulatorOptions
from ki2api.simulator.plan import Break, Plan
from ki2api.simulator.records import RecordedRequest
from ki2api.simulator.stream import pieces

_STREAM = "application/vnd.amazon.eventstream"


class Delivery:
    """One answer on its way; its record learns how it went."""

    def __init__(self, options: SimulatorOptions, plan: Plan, record: RecordedRequest) -> None:
        self._options = options
        self._plan = plan
        self._record = record

    async def run(self, wire: Wire) -> None:
        """Send everything, or as much as the plan says."""
        plan = self._plan
        try:
            if plan.first_seconds:
                await self._options.sleep(plan.first_seconds)
            if plan.unanswered:
                await self._break(wire, plan.break_by)
            elif plan.instead:
                headers = {**self._ids(), **plan.instead.headers}
                await wire.respond(plan.instead.status, headers, plan.instead.body)
                self._record.finished = True
            else:
                await self._stream(wire)
        finally:
            self._record.abandoned = wire.gone and not self._record.finished

    async def _stream(self, wire: Wire) -> None:
        await wire.begin(200, {"content-type": _STREAM, **self._ids()})
        left = self._plan.break_at
        for at, piece in enumerate(self._pieces()):
            await self._wait(at)
            await wire.send(piece if left is None else piece[:left])
            if left is not None:
                left -= len(piece)
                if left <= 0:
                    await self._break(wire, self._plan.break_by)
                    return
        await self._break(wire, self._plan.break_by if left is None else "end")

    async def _break(self, wire: Wire, way: Break) -> None:
        self._record.finished = way != "silence"
        match way:
            case "end":
                await wire.end()
            case "close":
                await wire.close()
            case "reset":
                await wire.reset()
            case "half-close":
                await wire.half_close()
            case "silence":
                await wire.fall_silent()
            case "stale":
                await wire.end()
                await wire.close()

    async def _wait(self, at: int) -> None:
        if self._plan.piece_seconds:
            await self._options.sleep(self._plan.piece_seconds)
        if at == self._plan.pause_after:
            await self._options.sleep(self._plan.pause_seconds)

    def _pieces(self) -> list[bytes]:
        plan = self._plan
        return list(pieces(plan.frames(), plan.chunking, plan.ids.random))

    def _ids(self) -> dict[str, str]:
        return {
            "x-amzn-requestid": self._plan.ids.uuid(),
            "x-amzn-codewhisperer-conversation-id": self._plan.question.conversation_id,
        }

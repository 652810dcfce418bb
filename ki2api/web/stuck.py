"""Finds requests that wait in a stage of one's own for too long, says where, and ends them.

It costs a request nothing: what a request waits for is read off its task, when somebody looks.
"""

import asyncio
import gc
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TypeAlias

from msgspec import Struct

from ki2api.errors import Bug
from ki2api.web.response import FlowResponse, OpenAnswers
from pipeline import AnyStage, Stage

PATIENCE = 30.0
"""Seconds in one line of a stage after which a person is told, once for each request."""
Place: TypeAlias = tuple[str, str]
"""The name of a stage, and `file:line` of where it waits."""
_STEPS = {"async_generator_asend", "async_generator_athrow"}


class _Wait(Struct):
    """A request that waits in a stage; `told` and `ended` say what was done about it."""

    place: Place
    since: float
    told: bool = False
    ended: bool = False


class Watch:
    """Looks at the open requests from time to time; built-in stages have limits of their own.

    `limit` gives the seconds after which a request is ended, 0 for never. A stage that swallows
    even that is left behind, and the client answered in its place.
    """

    def __init__(
        self, answers: OpenAnswers, limit: Callable[[], float], *, patience: float = PATIENCE
    ) -> None:
        self._answers = answers
        self._limit = limit
        self._patience = patience
        self._waits: dict[FlowResponse, _Wait] = {}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(min(self._patience, self._limit() or self._patience) / 3)
            await self.look(asyncio.get_running_loop().time())

    async def look(self, now: float) -> None:
        """Deal with each request that has waited at one place for too long."""
        earlier, self._waits = self._waits, {}
        for answer in self._answers:
            wait = earlier.get(answer)
            place = waits_at(answer.task) if answer.task is not None else None
            if wait is not None and wait.ended:
                self._waits[answer] = wait
                await answer.give_up()
            elif place is not None:
                same = wait if wait is not None and wait.place == place else None
                self._waits[answer] = same or _Wait(place, now)
                self._weigh(answer, self._waits[answer], now)

    def _weigh(self, answer: FlowResponse, wait: _Wait, now: float) -> None:
        (stage, where), seconds, limit = wait.place, now - wait.since, self._limit()
        since = f"in stage {stage} for {seconds:.0f} s, at {where}"
        if limit and seconds >= limit:
            wait.ended = True
            answer.flow.log.error("{}", f"the request is ended: {since}")  # noqa: PLE1205 - loguru fills {}
            answer.end(
                Bug(f"Stage {stage!r} did not go on; the log has more under {answer.flow.id}.")
            )
        elif seconds >= self._patience and not wait.told:
            wait.told = True
            answer.flow.log.warning("{}", f"the request has been {since}")  # noqa: PLE1205 - as above


def waits_at(task: asyncio.Task[Any]) -> Place | None:
    """Return the innermost stage that a task waits in, unless that is one of Ki2API's own."""
    found: Place | None = None
    for frame in _frames(task.get_coro()):
        module = str(frame.f_globals.get("__name__", ""))
        if stage := _stage_of(frame, module):
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            found = None if stage.__module__.startswith("ki2api.") else (stage.name, place)
        elif module.startswith("ki2api.upstream."):
            found = None  # it waits for Kiro
    return found


def _stage_of(frame: FrameType, module: str) -> type[AnyStage] | None:
    """Return the stage whose code a frame runs: its own, or a function beside it in its file."""
    owner = frame.f_locals.get("self")
    if isinstance(owner, Stage):
        return type(owner)
    beside = (each for each in frame.f_globals.values() if isinstance(each, type))
    return next((e for e in beside if issubclass(e, Stage) and e.__module__ == module), None)


def _frames(awaited: Any) -> Iterator[FrameType]:
    """Give the frames from a coroutine inwards, through what each one waits for."""
    while awaited is not None:
        kind = next((k for k in ("cr", "ag", "gi") if hasattr(awaited, f"{k}_frame")), None)
        if kind is None:
            # The next step of an async generator: only the garbage collector knows of which one.
            steps = gc.get_referents(awaited) if type(awaited).__name__ in _STEPS else []
            awaited = next((each for each in steps if hasattr(each, "ag_frame")), None)
            continue
        if frame := getattr(awaited, f"{kind}_frame"):
            yield frame
        awaited = getattr(awaited, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")

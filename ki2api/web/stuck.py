"""Finds requests that wait in a stage of one's own for too long, and says where.

It costs a request nothing: what a request waits for is read off its task, when somebody looks.
"""

import asyncio
import gc
from collections.abc import Iterator
from types import FrameType
from typing import Any, TypeAlias

import loguru

from ki2api.web.response import OpenAnswers
from pipeline import AnyStage, Stage

PATIENCE = 30.0
"""Seconds in one line of a stage after which a person is told, once for each request."""
Place: TypeAlias = tuple[str, str]
"""The name of a stage, and `file:line` of where it waits."""
_STEPS = {"async_generator_asend", "async_generator_athrow"}


class Watch:
    """Looks at the open requests from time to time; built-in stages have limits of their own."""

    def __init__(self, answers: OpenAnswers, *, patience: float = PATIENCE) -> None:
        self._answers = answers
        self._patience = patience
        self._seen: dict[str, tuple[Place, float]] = {}
        self._told: set[str] = set()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(self._patience / 3)
            self.look(asyncio.get_running_loop().time())

    def look(self, now: float) -> None:
        """Tell of each request that has waited at one place for longer than the patience."""
        places = {
            answer.flow.id: place
            for answer in self._answers
            if answer.task is not None and (place := waits_at(answer.task))
        }
        earlier = self._seen
        self._seen = {
            flow: earlier[flow] if earlier.get(flow, (None, 0.0))[0] == place else (place, now)
            for flow, place in places.items()
        }
        self._told &= self._seen.keys()
        for flow, ((stage, where), since) in self._seen.items():
            if now - since >= self._patience and flow not in self._told:
                self._told.add(flow)
                loguru.logger.bind(flow=flow).warning(
                    "the request has been in stage {} for {:.0f} s, at {}",
                    stage,
                    now - since,
                    where,
                )


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

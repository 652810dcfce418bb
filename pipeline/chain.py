"""Stages nested around an endpoint: how a flow runs through them, and how they start and stop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from traceback import extract_tb
from typing import Any, Generic, TypeAlias

from pipeline.errors import PipelineError
from pipeline.observe import Observer, Span
from pipeline.stage import AnyStage, Endpoint, FlowT, Stage

NamedStage: TypeAlias = tuple[str, AnyStage]
Run: TypeAlias = Callable[[FlowT, int], Awaitable[None]]
"""Runs everything from one stage inwards; the number says which attempt this is."""


class Chain(Generic[FlowT]):
    """Stages, the outermost first, around an endpoint."""

    def __init__(
        self,
        stages: Iterable[NamedStage],
        endpoint: Endpoint[FlowT],
        observers: Sequence[Observer] = (),
        *,
        start_seconds: float = 30.0,
    ) -> None:
        self.stages = tuple(stages)
        self.endpoint = endpoint
        self._start_seconds = start_seconds
        self._started: list[NamedStage] = []
        self._run = _nested(self.stages, endpoint, observers)

    async def run(self, flow: FlowT) -> None:
        """Send a flow through; then run what its stages left in `flow.when_answered`."""
        await self._run(flow, 1)
        if flow.when_answered:
            await flow.answered()

    async def start(self) -> None:
        """Start every stage, the outermost first; if one fails, stop those that had started."""
        for name, stage in self.stages:
            try:
                await self._start(name, stage)
            except BaseException as error:
                for failed in await self._stop_started():
                    error.add_note(f"and then: {failed!r}")
                raise
            self._started.append((name, stage))

    async def _start(self, name: str, stage: AnyStage) -> None:
        limit = asyncio.timeout(self._start_seconds)
        try:
            async with limit:
                await stage.start()
        except Exception as error:
            late = limit.expired() and f"it took longer than {self._start_seconds:g} seconds"
            why = late or f"{type(error).__name__}: {error}"
            raise PipelineError(f"stage {name!r} does not start: {_place(error)}{why}") from error

    async def stop(self) -> None:
        """Stop every stage that had started, the innermost first, even if some fail."""
        errors = await self._stop_started()
        for error in errors:
            if not isinstance(error, Exception):  # a cancellation goes on as itself
                raise error
        if errors:
            raise BaseExceptionGroup("not every stage could be stopped", errors)

    async def _stop_started(self) -> list[BaseException]:
        errors: list[BaseException] = []
        while self._started:
            name, stage = self._started.pop()
            try:
                await stage.stop()
            except BaseException as error:  # noqa: BLE001 - handed back: the others stop first
                error.add_note(f"while stage {name!r} stopped")
                errors.append(error)
        return errors


def _nested(
    stages: Sequence[NamedStage], endpoint: Endpoint[FlowT], observers: Sequence[Observer]
) -> Run[FlowT]:
    call = endpoint.__call__

    def innermost(flow: FlowT, _attempt: int) -> Awaitable[None]:
        return call(flow)

    run: Run[FlowT] = innermost
    filled = endpoint.answers
    if observers:
        run = _observed("endpoint", len(stages), run, observers)
    for depth, (name, stage) in reversed(list(enumerate(stages))):
        run = _around(name, stage, run, filled)
        if observers:
            run = _observed(name, depth, run, observers)
        filled = filled | stage.provides | stage.answers
    return run


def _around(
    name: str, stage: Stage[FlowT, Any], inside: Run[FlowT], filled: frozenset[str]
) -> Run[FlowT]:
    """Wrap a stage around a run; `filled` are the slots that those inside fill.

    Plain functions that hand on the coroutine of the next one: six stages cost six coroutines.
    """
    call = stage.__call__  # looked up here, as each call of `stage` itself would do it anew

    def begin_again(flow: FlowT) -> None:
        if not stage.repeats:
            raise PipelineError(f"stage {name!r} calls on twice: it must say repeats = True")
        flow.clear(filled)  # what an earlier attempt left must not pass for this one's

    def run(flow: FlowT, _attempt: int) -> Awaitable[None]:
        attempt = 0

        # Quoted, since types of a function within another one are made anew at each run of that.
        def call_next(flow: "FlowT") -> "Awaitable[None]":
            nonlocal attempt
            if attempt:
                begin_again(flow)
            attempt += 1
            return inside(flow, attempt)

        return call(flow, call_next)

    return run


def _observed(
    name: str, depth: int, inside: Run[FlowT], observers: Sequence[Observer]
) -> Run[FlowT]:
    async def run(flow: FlowT, attempt: int) -> None:
        began = flow.clock()
        error = None
        try:
            await inside(flow, attempt)
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            span = Span(flow.id, name, depth, attempt, began, flow.clock(), error)
            for observer in observers:
                observer.span(flow, span)

    return run


def _place(error: Exception) -> str:
    """Return `file:line: ` of the last line that the stage's own file came to."""
    match error.__cause__:
        case asyncio.CancelledError() as cut_off:  # by the limit; it knows where
            trace = cut_off.__traceback__
        case _:
            trace = error.__traceback__
    frames = extract_tb(trace)[1:]  # the first one is ours
    lines = [frame.lineno for frame in frames if frame.filename == frames[0].filename]
    return f"{frames[0].filename}:{lines[-1]}: " if frames else ""

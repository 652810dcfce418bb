"""A chain: the way of a flow through its stages, attempts, spans, and starting and stopping."""

import asyncio
import re
from collections.abc import Iterator

import pytest

from pipeline import Chain, EmptySlot, Flow, Next, PipelineError, Slot, Span, Stage, StageConfig
from pipeline.testing import SpyEndpoint, build_flow

pytestmark = pytest.mark.anyio


class TextFlow(Flow):
    account: Slot[int] = Slot()
    note_of_mine: Slot[str] = Slot()
    response: Slot[str] = Slot()


class Logged(Stage[TextFlow, StageConfig]):
    """Writes down what is done with it."""

    def __init__(self, name: str, log: list[str], fails: BaseException | None = None) -> None:
        super().__init__(StageConfig())
        self.label, self.log, self.fails = name, log, fails

    async def start(self) -> None:
        if self.fails:
            raise self.fails
        self.log.append(f"start {self.label}")

    async def stop(self) -> None:
        self.log.append(f"stop {self.label}")

    async def __call__(self, flow: TextFlow, call_next: Next[TextFlow]) -> None:
        self.log.append(f"{self.label} in")
        await call_next(flow)
        self.log.append(f"{self.label} out")


class SticksWhenStopped(Logged):
    def __init__(self, name: str, log: list[str], error: BaseException) -> None:
        super().__init__(name, log)
        self.error = error

    async def stop(self) -> None:
        await super().stop()
        raise self.error


class Twice(Stage[TextFlow, StageConfig]):
    """Calls on once more after an error."""

    repeats = True
    provides = frozenset({"note_of_mine"})

    async def __call__(self, flow: TextFlow, call_next: Next[TextFlow]) -> None:
        flow.note_of_mine = "kept"
        try:
            await call_next(flow)
        except ConnectionError:
            await call_next(flow)


class Lease(Stage[TextFlow, StageConfig]):
    """Sees whether the slot that it fills was empty when it was called."""

    provides = frozenset({"account"})

    def __init__(self) -> None:
        super().__init__(StageConfig())
        self.found: list[tuple[bool, bool, bool]] = []

    async def __call__(self, flow: TextFlow, call_next: Next[TextFlow]) -> None:
        filled = flow.has("account"), flow.has("response"), flow.has("note_of_mine")
        self.found.append(filled)
        flow.account = len(self.found)
        flow.response = "half an answer"
        await call_next(flow)


class Spans:
    def __init__(self) -> None:
        self.seen: list[Span] = []

    def span(self, flow: Flow, span: Span) -> None:
        assert span.flow_id == flow.id
        self.seen.append(span)


def ticks() -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += 1


async def test_a_flow_enters_and_leaves_at_the_outermost_stage() -> None:
    log = list[str]()
    endpoint = SpyEndpoint({"response": "hello"})
    chain = Chain([("a", Logged("a", log)), ("b", Logged("b", log))], endpoint)
    flow = TextFlow()
    await chain.run(flow)
    assert log == ["a in", "b in", "b out", "a out"]
    assert endpoint.flows == [flow]
    assert flow.response == "hello"
    assert [name for name, _ in chain.stages] == ["a", "b"]


async def test_a_new_attempt_finds_the_slots_inside_empty_and_those_outside_as_they_were() -> None:
    lease = Lease()
    endpoint = SpyEndpoint({"response": "hello"}, fails=[ConnectionError()])
    await Chain([("twice", Twice(StageConfig())), ("lease", lease)], endpoint).run(TextFlow())
    assert lease.found == [(False, False, True), (False, False, True)]


async def test_attempts_of_two_flows_at_once_do_not_mix() -> None:
    lease = Lease()
    endpoint = SpyEndpoint({"response": "hello"})
    chain = Chain([("twice", Twice(StageConfig())), ("lease", lease)], endpoint)
    flows = [build_flow(TextFlow, account=9), build_flow(TextFlow, account=9)]
    await asyncio.gather(*(chain.run(flow) for flow in flows))
    assert lease.found == [(True, False, True), (True, False, True)]


async def test_what_waits_for_the_answer_runs_after_the_outermost_stage() -> None:
    log = list[str]()
    flow = TextFlow()
    flow.when_answered["x"] = lambda: log.append("answered")
    await Chain([("a", Logged("a", log))], SpyEndpoint()).run(flow)
    assert log == ["a in", "a out", "answered"]


async def test_nothing_that_waits_for_the_answer_runs_if_there_is_none() -> None:
    log = list[str]()
    flow = TextFlow()
    flow.when_answered["x"] = lambda: log.append("answered")
    with pytest.raises(ConnectionError):
        await Chain([], SpyEndpoint(fails=[ConnectionError()])).run(flow)
    assert log == []


async def test_spans_tell_depth_attempt_time_and_error() -> None:
    spans, clock = Spans(), ticks()
    chain = Chain(
        [("twice", Twice(StageConfig())), ("lease", Lease())],
        SpyEndpoint({"response": "hello"}, fails=[ConnectionError("secret")]),
        observers=[spans],
    )
    flow = TextFlow(clock=lambda: next(clock))
    await chain.run(flow)
    assert [(s.stage, s.depth, s.attempt, s.began, s.ended, s.error) for s in spans.seen] == [
        ("endpoint", 2, 1, 3, 4, "ConnectionError"),
        ("lease", 1, 1, 2, 5, "ConnectionError"),
        ("endpoint", 2, 1, 7, 8, None),
        ("lease", 1, 2, 6, 9, None),
        ("twice", 0, 1, 1, 10, None),
    ]


async def test_a_cancelled_flow_is_told_to_observers_and_stays_cancelled() -> None:
    class Stuck(SpyEndpoint):
        async def __call__(self, flow: Flow) -> None:
            reached.set()
            await asyncio.Event().wait()

    spans, reached = Spans(), asyncio.Event()
    chain = Chain([("a", Logged("a", []))], Stuck(), observers=[spans])
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(chain.run(TextFlow()))
        await reached.wait()
        task.cancel()
    assert task.cancelled()
    assert [span.error for span in spans.seen] == ["CancelledError", "CancelledError"]


async def test_stages_start_outermost_first_and_stop_innermost_first() -> None:
    log = list[str]()
    chain = Chain([("a", Logged("a", log)), ("b", Logged("b", log))], SpyEndpoint())
    await chain.start()
    await chain.stop()
    assert log == ["start a", "start b", "stop b", "stop a"]


async def test_a_stage_that_does_not_start_is_named_and_those_before_it_are_stopped() -> None:
    log = list[str]()
    last = Logged("c", log, OSError("port in use"))
    chain = Chain(
        [
            ("a", SticksWhenStopped("a", log, ValueError("stuck"))),
            ("b", Logged("b", log)),
            ("c", last),
        ],
        SpyEndpoint(),
    )
    told = rf"stage 'c' does not start: {re.escape(__file__)}:\d+: OSError: port in use"
    with pytest.raises(PipelineError, match=told) as caught:
        await chain.start()
    assert log == ["start a", "start b", "stop b", "stop a"]
    assert caught.value.__cause__ is last.fails
    assert caught.value.__notes__ == ["and then: ValueError('stuck')"]


async def test_a_stage_that_hangs_while_it_starts_is_named_with_the_line_where_it_hangs() -> None:
    class Hangs(Logged):
        async def start(self) -> None:
            await super().start()
            await asyncio.Event().wait()

    log = list[str]()
    chain = Chain([("a", Logged("a", log)), ("b", Hangs("b", log))], SpyEndpoint(), start_seconds=0)
    line = Hangs.start.__code__.co_firstlineno + 2
    with pytest.raises(PipelineError) as caught:
        await chain.start()
    assert str(caught.value) == (
        f"stage 'b' does not start: {__file__}:{line}: it took longer than 0 seconds"
    )
    assert log == ["start a", "start b", "stop a"]


async def test_a_time_out_of_the_stages_own_is_told_as_its_own() -> None:
    chain = Chain([("a", Logged("a", [], TimeoutError("no answer")))], SpyEndpoint())
    with pytest.raises(PipelineError, match="TimeoutError: no answer"):
        await chain.start()


async def test_a_start_that_is_not_async_is_named_all_the_same() -> None:
    class Plain(Logged):
        def start(self) -> None:  # type: ignore[override]  # an author's mistake
            self.log.append("start")

    with pytest.raises(PipelineError, match="stage 'a' does not start: TypeError"):
        await Chain([("a", Plain("a", []))], SpyEndpoint()).start()


async def test_a_cancelled_start_stops_what_had_started_and_stays_cancelled() -> None:
    log = list[str]()
    stuck = Logged("b", log, asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await Chain([("a", Logged("a", log)), ("b", stuck)], SpyEndpoint()).start()
    assert log == ["start a", "stop a"]


async def test_every_stage_is_stopped_even_if_some_fail() -> None:
    log = list[str]()
    chain = Chain(
        [(name, SticksWhenStopped(name, log, ValueError(name))) for name in "ab"], SpyEndpoint()
    )
    await chain.start()
    with pytest.raises(ExceptionGroup) as caught:
        await chain.stop()
    assert log[2:] == ["stop b", "stop a"]
    assert [str(error) for error in caught.value.exceptions] == ["b", "a"]
    assert caught.value.exceptions[0].__notes__ == ["while stage 'b' stopped"]


async def test_a_stop_that_is_cancelled_goes_on_to_the_end_and_stays_cancelled() -> None:
    log = list[str]()
    chain = Chain(
        [
            ("a", SticksWhenStopped("a", log, ValueError("a"))),
            ("b", SticksWhenStopped("b", log, asyncio.CancelledError())),
            ("c", SticksWhenStopped("c", log, ValueError("c"))),
        ],
        SpyEndpoint(),
    )
    await chain.start()
    with pytest.raises(asyncio.CancelledError):
        await chain.stop()
    assert log[3:] == ["stop c", "stop b", "stop a"]


async def test_a_chain_that_was_stopped_stops_nothing_twice() -> None:
    log = list[str]()
    chain = Chain([("a", Logged("a", log))], SpyEndpoint())
    await chain.start()
    await chain.stop()
    await chain.stop()
    assert log == ["start a", "stop a"]


async def test_reading_what_no_stage_has_filled_names_the_slot() -> None:
    flow = TextFlow()
    await Chain([], SpyEndpoint()).run(flow)
    with pytest.raises(EmptySlot, match=r"flow\.response"):
        _ = flow.response


async def test_a_stage_that_calls_on_twice_must_say_so() -> None:
    class Hasty(Stage[TextFlow, StageConfig]):
        async def __call__(self, flow: TextFlow, call_next: Next[TextFlow]) -> None:
            await call_next(flow)
            await call_next(flow)

    with pytest.raises(PipelineError, match="stage 'hasty' calls on twice"):
        await Chain([("hasty", Hasty(StageConfig()))], SpyEndpoint()).run(TextFlow())

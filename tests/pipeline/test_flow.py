"""A flow: its slots, its notes, what runs when it is answered and what it keeps open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from pipeline import EmptySlot, Flow, Note, Slot
from pipeline.flow import settled
from pipeline.testing import batches

pytestmark = pytest.mark.anyio


class TextFlow(Flow):
    text: Slot[str] = Slot()


class LongerFlow(TextFlow):
    more: Slot[str] = Slot()


def test_a_slot_gives_back_what_was_put_in() -> None:
    flow = TextFlow()
    flow.text = "hello"
    assert flow.text == "hello"
    assert flow.has("text")


def test_an_empty_slot_names_itself() -> None:
    with pytest.raises(EmptySlot, match=r"^flow\.text is empty$"):
        _ = TextFlow().text


def test_a_slot_can_be_emptied_more_than_once() -> None:
    flow = TextFlow()
    flow.text = "hello"
    del flow.text
    del flow.text
    assert not flow.has("text")


def test_clearing_empties_the_named_slots_and_no_others() -> None:
    flow = LongerFlow()
    flow.text, flow.more = "hello", "world"
    flow.clear({"text", "events"})
    assert (flow.has("text"), flow.has("more")) == (False, True)


def test_a_kind_of_flow_knows_its_slots_and_those_it_inherits() -> None:
    assert LongerFlow.slots() == {"events", "text", "more"}
    assert isinstance(LongerFlow.text, Slot)


def test_flows_have_ids_of_their_own_and_a_clock() -> None:
    one, other = Flow(clock=lambda: 5.0), Flow(clock=lambda: 5.0)
    assert one.id != other.id
    assert one.began == 5.0


def test_notes_stay_in_order() -> None:
    flow = Flow()
    flow.note("route", "an alias")
    flow.note("retry", "a second attempt")
    assert flow.notes == [Note("route", "an alias"), Note("retry", "a second attempt")]


async def test_events_pass_through_plain_functions() -> None:
    flow = Flow()
    flow.events = batches((1,), (2, 3))
    flow.through(lambda batch: (*batch, 0))
    flow.through(lambda batch: batch[::-1])
    assert [batch async for batch in flow.events] == [(0, 1), (0, 3, 2)]


async def test_what_waits_for_the_answer_runs_in_order_sync_or_async() -> None:
    flow, seen = Flow(), list[str]()

    async def later() -> None:
        seen.append("async")

    flow.when_answered["a"] = lambda: seen.append("sync")
    flow.when_answered["b"] = later
    await flow.answered()
    assert seen == ["sync", "async"]


async def test_what_is_open_is_closed_once_the_newest_first() -> None:
    flow, seen = Flow(), list[str]()

    @asynccontextmanager
    async def resource(name: str) -> AsyncIterator[None]:
        yield
        seen.append(name)

    for name in ("lease", "connection"):
        opened = resource(name)
        await opened.__aenter__()
        flow.keep_open(opened)
    await flow.aclose()
    await flow.aclose()
    assert seen == ["connection", "lease"]


async def test_an_outcome_is_awaited_only_if_it_must_be() -> None:
    async def five() -> int:
        return 5

    assert await settled(five()) == 5
    assert await settled(5) == 5


class Opened:
    """A resource that remembers how it was closed."""

    def __init__(self, name: str, diary: list[tuple[str, object]]) -> None:
        self._name = name
        self._diary = diary

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, _kind: object, error: object, _at: object) -> None:
        self._diary.append((self._name, error))


async def test_a_scope_that_ends_well_hands_its_resources_on() -> None:
    diary: list[tuple[str, object]] = []
    flow = Flow()
    flow.keep_open(Opened("outer", diary))
    async with flow.scope():
        flow.keep_open(Opened("inner", diary))
    assert diary == []
    async with flow.scope():
        pass
    await flow.aclose()
    assert diary == [("inner", None), ("outer", None)]


async def test_a_scope_that_fails_closes_what_was_opened_inside_with_its_error() -> None:
    diary: list[tuple[str, object]] = []
    flow, error = Flow(), ValueError("no")
    flow.keep_open(Opened("outer", diary))

    async def fail(*resources: Opened) -> None:
        async with flow.scope():
            for resource in resources:
                await flow.hold(resource)
            raise error

    for resources in ([Opened("inner", diary)], []):
        with pytest.raises(ValueError, match="no"):
            await fail(*resources)
    assert diary == [("inner", error)]
    await flow.aclose()
    assert diary == [("inner", error), ("outer", None)]


async def test_a_scope_that_ends_inside_another_one_leaves_that_open() -> None:
    diary: list[tuple[str, object]] = []
    flow, error = Flow(), ValueError("no")
    with suppress(ValueError):
        async with flow.scope():
            async with flow.scope():
                pass
            flow.keep_open(Opened("outer", diary))
            raise error
    assert diary == [("outer", error)]


async def test_a_flow_that_is_closed_closes_scopes_that_are_not_left_yet() -> None:
    diary: list[tuple[str, object]] = []
    flow = Flow()
    flow.keep_open(Opened("outer", diary))
    async with flow.scope():
        await flow.hold(Opened("inner", diary))
        await flow.aclose()
        assert [name for name, _ in diary] == ["inner", "outer"]
    await flow.aclose()
    assert len(diary) == 2


async def test_a_plain_function_is_run_when_what_is_open_now_is_closed() -> None:
    flow, diary = Flow(), list[str]()
    flow.when_closed(lambda: diary.append("the flow"))
    with suppress(ValueError):
        async with flow.scope():
            flow.when_closed(lambda: diary.append("the attempt"))
            raise ValueError
    assert diary == ["the attempt"]
    await flow.aclose()
    assert diary == ["the attempt", "the flow"]


async def test_a_plain_function_may_be_told_the_error_that_ends_what_is_open() -> None:
    flow, told, error = Flow(), list[object](), ValueError("no")
    flow.when_left(told.append)
    with suppress(ValueError):
        async with flow.scope():
            flow.when_left(told.append)
            raise error
    assert told == [error]
    await flow.aclose()
    assert told == [error, None]


async def test_what_a_scope_holds_may_be_left_before_the_flow_ends() -> None:
    diary: list[tuple[str, object]] = []
    flow = Flow()
    flow.keep_open(Opened("outer", diary))
    async with flow.scope() as held:
        flow.keep_open(Opened("inner", diary))
    flow.keep_open(Opened("later", diary))
    await held.aclose()
    assert diary == [("inner", None)]
    await flow.aclose()
    assert [name for name, _ in diary] == ["inner", "later", "outer"]


def test_a_misspelt_slot_is_not_filled_in_silence() -> None:
    flow = LongerFlow()
    with pytest.raises(AttributeError, match=r"LongerFlow has no slot 'txt' - did you mean"):
        flow.txt = "hello"  # type: ignore[attr-defined]  # the mistake itself
    flow.extras["mine"] = 1
    flow.clock = lambda: 0.0
    assert flow.extras == {"mine": 1}


class CountedFlow(TextFlow):
    """Does something of its own where a thing is set."""

    count = 0

    @property
    def times(self) -> int:
        return self.count

    @times.setter
    def times(self, value: int) -> None:
        self.text, self.count = str(value), self.count + value


def test_a_flow_may_be_filled_from_the_beginning() -> None:
    flow = LongerFlow("f10e", text="hello", more="world")
    assert (flow.id, flow.text, flow.more) == ("f10e", "hello", "world")
    with pytest.raises(AttributeError, match=r"LongerFlow has no slot 'txt' - did you mean"):
        LongerFlow(more="world", txt="hello")


def test_a_property_of_a_flow_is_set_as_that_of_any_object() -> None:
    flow = CountedFlow(times=1)
    flow.times = 2
    assert (flow.times, flow.text) == (3, "2")
    with pytest.raises(AttributeError, match="property"):
        del flow.times

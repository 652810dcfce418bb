"""What authors of stages test with."""

import pytest

from pipeline import Flow, Next, Slot, Stage, StageConfig
from pipeline.testing import SpyEndpoint, batches, build_flow, run_stage

pytestmark = pytest.mark.anyio


class TextFlow(Flow):
    text: Slot[str] = Slot()


class Passing(Stage[TextFlow, StageConfig]):
    async def __call__(self, flow: TextFlow, call_next: Next[TextFlow]) -> None:
        await call_next(flow)


async def test_a_flow_is_built_with_its_slots_and_its_clock() -> None:
    flow = build_flow(TextFlow, clock=lambda: 3.0, text="hello")
    assert (flow.text, flow.began) == ("hello", 3.0)


def test_a_slot_that_is_not_there_is_refused() -> None:
    with pytest.raises(AttributeError, match="TextFlow has no slot 'texd' - did you mean \"text\""):
        build_flow(TextFlow, texd="hello")


async def test_a_stage_runs_alone() -> None:
    flow = build_flow(TextFlow)
    assert await run_stage(Passing(StageConfig()), flow) is flow


async def test_the_spy_remembers_flows_fails_as_told_and_then_fills_slots() -> None:
    spy = SpyEndpoint({"text": "hello"}, fails=[OSError("one"), OSError("two")])
    flow = build_flow(TextFlow)
    for message in ("one", "two"):
        with pytest.raises(OSError, match=message):
            await run_stage(Passing(StageConfig()), flow, spy)
    assert not flow.has("text")
    await run_stage(Passing(StageConfig()), flow, spy)
    assert flow.text == "hello"
    assert spy.flows == [flow, flow, flow]
    assert spy.answers == {"text"}


async def test_batches_come_one_after_the_other() -> None:
    assert [batch async for batch in batches((1, 2), (3,))] == [(1, 2), (3,)]

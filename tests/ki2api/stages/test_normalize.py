"""The normalize stage."""

from typing import Any

import msgspec
import pytest

from ki2api.flow import GatewayFlow
from ki2api.protocols import RawRequest
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.stages.normalize import Normalize, NormalizeConfig
from pipeline.testing import build_flow, run_stage

pytestmark = pytest.mark.anyio


async def normalized(*tools: dict[str, Any], watched: bool = False, **more: Any) -> GatewayFlow:
    schema = {"type": "object", "properties": {}}
    body = {
        "model": "claude-x",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"input_schema": schema, **tool} for tool in tools],
        **more,
    }
    request = RawRequest("f10e", "/v1/messages", {}, msgspec.json.encode(body), 0.0)
    flow = build_flow(GatewayFlow, request=request, protocol=ANTHROPIC)
    flow.watched = watched
    return await run_stage(Normalize(NormalizeConfig()), flow)


async def test_a_request_becomes_a_conversation_and_a_delivery() -> None:
    flow = await normalized()
    assert flow.conversation.model == flow.delivery.model == "claude-x"
    assert flow.notes == []


async def test_tools_that_the_model_is_not_told_of_are_noted() -> None:
    flow = await normalized({"name": "search"}, {"name": "later", "defer_loading": True})
    (note,) = flow.notes
    assert note.text == "tools that the model is not told of now: later"


@pytest.mark.parametrize("watched", [True, False])
async def test_a_misspelt_field_is_noted_where_somebody_reads_it(*, watched: bool) -> None:
    flow = await normalized(watched=watched, temprature=1)
    said = "the field 'temprature' means nothing here - did you mean \"temperature\"?"
    assert [note.text for note in flow.notes] == [said] * watched

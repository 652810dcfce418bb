"""The examples that act on the way in: a line more, another model, fewer tools."""

from typing import Any

import pytest

from ki2api.errors import Forbidden, InvalidRequest, UpstreamUnavailable
from ki2api.events import PartStarted

pytestmark = pytest.mark.anyio
both_forms = pytest.mark.parametrize("form", ["whole", "streamed"])


def tools(*names: str) -> list[dict[str, Any]]:
    schema = {"type": "object", "properties": {}}
    return [{"type": "function", "function": {"name": n, "parameters": schema}} for n in names]


async def test_the_system_line_stands_last(serve: Any, table: Any) -> None:
    served = serve(table("add_system_line"))
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
    await served.ask(messages=messages)
    (asked,) = served.kiro.asked
    assert [part.text for part in asked.system] == ["Be kind.", "Answer in one sentence."]


async def test_the_system_line_stands_there_once_in_every_attempt(serve: Any, table: Any) -> None:
    place = table("add_system_line").replace('"normalize"', '"retry"')
    served = serve(place, fails=[UpstreamUnavailable("down")])
    await served.ask()
    assert [len(asked.system) for asked in served.kiro.asked] == [1, 1]


async def test_a_header_pins_the_model(serve: Any, table: Any) -> None:
    served = serve(table("pin_model"))
    flow = await served.ask(model="claude-opus-5", headers={"x-pin-model": "claude-haiku-4-5"})
    assert flow.target.model.id == "claude-haiku-4.5"
    assert '"model":"claude-opus-5"' in served.answered


async def test_without_the_header_the_model_stays(serve: Any, table: Any) -> None:
    served = serve(table("pin_model"))
    flow = await served.ask(model="claude-opus-5")
    assert flow.target.model.id == "claude-opus-5"


async def test_the_header_may_be_written_in_capitals_in_the_settings(
    serve: Any, table: Any
) -> None:
    served = serve(table("pin_model").replace("x-pin-model", "X-Pin-Model"))
    flow = await served.ask(headers={"x-pin-model": "glm-5"})
    assert flow.target.model.id == "glm-5"


async def test_a_denied_tool_is_not_offered(serve: Any, table: Any) -> None:
    served = serve(table("deny_tool"))
    await served.ask(tools=tools("bash", "read", "web_fetch"))
    (asked,) = served.kiro.asked
    assert [tool.name for tool in asked.tools] == ["read"]


async def test_a_denied_tool_cannot_be_demanded(serve: Any, table: Any) -> None:
    served = serve(table("deny_tool"))
    choice = {"type": "function", "function": {"name": "bash"}}
    flow = await served.ask(tools=tools("bash"), tool_choice=choice)
    assert isinstance(flow.failure, InvalidRequest)
    assert flow.failure.path == "tool_choice"
    assert served.kiro.asked == []


@both_forms
async def test_a_call_of_a_denied_tool_is_refused_and_not_tried_again(
    form: str, serve: Any, table: Any
) -> None:
    call = PartStarted(0, "tool-call", "call_1", "bash")
    served = serve(table("deny_tool"), part=call, says=('{"command": "reboot"}',))
    flow = await served.ask(stream=form == "streamed", tools=tools("read"))
    assert isinstance(flow.failure, Forbidden)
    assert "'bash'" in flow.failure.detail
    assert "reboot" not in served.answered
    assert len(served.kiro.asked) == 1


async def test_a_call_of_another_tool_passes(serve: Any, table: Any) -> None:
    call = PartStarted(0, "tool-call", "call_1", "read")
    served = serve(table("deny_tool"), part=call, says=('{"path":', ' "a"}'))
    flow = await served.ask(tools=tools("read", "bash"))
    assert flow.failure is None
    assert served.arguments == '{"path": "a"}'

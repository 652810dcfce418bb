"""Tool calls in every form in which they were seen."""

from typing import Any

import msgspec
import pytest

pytestmark = pytest.mark.anyio


async def test_a_call_comes_in_fragments_and_stops(caller: Any, weather: Any) -> None:
    events = await caller.events("[[sim:tool location=Paris]]", tools=[weather])
    assert events.calls == [("get_weather", {"location": "Paris"})]
    first, *fragments, last = events.of("toolUseEvent")
    assert first.keys() == {"name", "toolUseId"}
    assert all(fragment.keys() == {"input", "name", "toolUseId"} for fragment in fragments)
    assert last == {**first, "stop": True}
    assert first["toolUseId"].startswith("tooluse_")
    assert len(first["toolUseId"]) == len("tooluse_") + 22


async def test_a_tool_can_be_named(caller: Any) -> None:
    events = await caller.events("[[sim:tool name=Look]]")
    assert events.calls[0][0] == "Look"
    assert (await caller.events("[[sim:tool]]")).calls[0][0] == "no_such_tool"


async def test_calls_come_one_after_another(caller: Any, weather: Any) -> None:
    events = await caller.events("[[sim:tools count=3]]", tools=[weather])
    ids = [payload["toolUseId"] for payload in events.of("toolUseEvent")]
    assert len(events.calls) == len(set(ids)) == 3
    assert ids == sorted(ids, key=ids.index)
    assert (await caller.events("[[sim:tools]]")).calls[1][0] == "no_such_tool"


async def test_a_call_without_input(caller: Any) -> None:
    payloads = (await caller.events("[[sim:tool-without-input]]")).of("toolUseEvent")
    assert [sorted(payload) for payload in payloads] == [
        ["name", "toolUseId"],
        ["name", "stop", "toolUseId"],
    ]


async def test_a_call_with_an_object(caller: Any) -> None:
    payloads = (await caller.events("[[sim:tool-object a=1]]")).of("toolUseEvent")
    assert payloads[1]["input"] == {"a": "1"}


async def test_a_call_in_one_frame(caller: Any) -> None:
    (payload,) = (await caller.events("[[sim:tool-one-frame a=1]]")).of("toolUseEvent")
    assert msgspec.json.decode(payload["input"]) == {"a": "1"}
    assert payload["stop"]


async def test_a_call_that_never_stops(caller: Any) -> None:
    payloads = (await caller.events("[[sim:tool-unfinished]]")).of("toolUseEvent")
    assert not any("stop" in payload for payload in payloads)


async def test_a_call_of_broken_json(caller: Any) -> None:
    payloads = (await caller.events("[[sim:tool-broken-json]]")).of("toolUseEvent")
    assert payloads[-1]["stop"]
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode("".join(payload.get("input", "") for payload in payloads))

"""Odd frames: unknown, very many, very long, and those that say that the service failed."""

from typing import Any

import msgspec
import pytest

pytestmark = pytest.mark.anyio


async def test_twins_are_equal_neighbours(caller: Any) -> None:
    deltas = (await caller.events("[[sim:twins]]")).of("assistantResponseEvent")
    assert deltas[::2] == deltas[1::2]


async def test_unknown_events_stand_around_the_reply(caller: Any) -> None:
    events = await caller.events("[[sim:unknown-events]]")
    assert events.names[0] == events.names[-1] == "fooBarEvent"
    assert "Hello!" in events.text


async def test_a_reply_that_ends_twice(caller: Any) -> None:
    events = await caller.events("[[sim:ended-twice]]")
    ends = ["contextUsageEvent", "meteringEvent", "metadataEvent"]
    assert events.names[-7:] == [*ends, "assistantResponseEvent", *ends]


async def test_a_flood(caller: Any) -> None:
    events = await caller.events("[[sim:flood]]")
    assert len(events.of("assistantResponseEvent")) == 10_000
    assert events.text.endswith("9998 9999 ")


async def test_a_huge_frame(caller: Any) -> None:
    assert len((await caller.events("[[sim:huge-frame size=70000]]")).text) == 70_000


async def test_an_exception_ends_the_stream(caller: Any) -> None:
    events = await caller.events("[[sim:exception]]")
    assert len(events) == 3
    assert events[-1] == (
        "ThrottlingException",
        {"message": "Too many requests, please wait before trying again.", "reason": None},
    )
    named = await caller.events(
        "[[sim:exception type=error after=0 status=500 reason=MODEL_TEMPORARILY_UNAVAILABLE]]"
    )
    assert named.names == ["error"]
    assert named[0][1]["reason"] == "MODEL_TEMPORARILY_UNAVAILABLE"
    assert (await caller.events("[[sim:exception status=503]]"))[-1][1]["reason"] is None


async def test_a_context_that_overflows_in_the_stream(caller: Any) -> None:
    events = await caller.events("[[sim:context-overflow]]")
    assert events[-1][0] == "ContentLengthExceededException"


async def test_a_transport_error(caller: Any) -> None:
    events = await caller.events("[[sim:error-frame code=Throttled]]")
    assert events[-1] == ("Throttled", None)


async def test_a_model_that_is_unavailable(caller: Any) -> None:
    events = await caller.events("[[sim:model-unavailable]]")
    assert events.names == ["modelTemporarilyUnavailableEvent"]


async def test_an_invalid_state(caller: Any) -> None:
    assert (await caller.events("[[sim:invalid-state]]")).names[-1] == "invalidStateEvent"


async def test_an_event_that_is_no_json(caller: Any) -> None:
    response = await caller.ask("[[sim:bad-json]]")
    with pytest.raises(msgspec.DecodeError):
        caller.read(response.content)

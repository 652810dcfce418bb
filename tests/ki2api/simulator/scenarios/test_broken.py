"""Faults of the wire arrive at a real client as the faults they are."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest

from ki2api.errors import UpstreamDisconnected, UpstreamGarbled
from ki2api.simulator import SimulatorOptions

pytestmark = pytest.mark.anyio
Opened = Callable[..., Awaitable[Any]]


async def _stream(caller: Any, text: str) -> tuple[bytes, Exception | None]:
    """Read as far as it goes."""
    got = b""
    headers = {**caller.headers, "content-type": "application/json"}
    url = f"{caller.simulator.urls.runtime}/generateAssistantResponse"
    try:
        async with caller.http.stream(
            "POST", url, json=caller.body(text), headers=headers
        ) as response:
            async for chunk in response.aiter_raw():
                got += chunk
    except httpx.TransportError as error:
        return got, error
    return got, None


async def test_a_reset_before_the_response(caller: Any) -> None:
    got, error = await _stream(caller, "[[sim:reset]]")
    assert got == b""
    assert isinstance(error, httpx.ReadError)
    assert caller.simulator.requests[0].scenario == "reset"


async def test_hanging_up_before_the_response(caller: Any) -> None:
    _, error = await _stream(caller, "[[sim:hang-up]]")
    assert isinstance(error, httpx.RemoteProtocolError)


async def test_a_reset_in_the_middle(caller: Any) -> None:
    _, error = await _stream(caller, "[[sim:reset-midway at=100]]")
    assert isinstance(error, httpx.ReadError)


@pytest.mark.parametrize("name", ["cut", "half-close"])
async def test_a_stream_that_breaks_off_at_a_byte(caller: Any, name: str) -> None:
    got, error = await _stream(caller, f"[[sim:{name} at=123]]")
    assert len(got) == 123
    assert isinstance(error, httpx.RemoteProtocolError)
    assert caller.simulator.requests[0].finished
    assert (await caller.ask()).status_code == 200


async def test_a_stream_that_ends_properly_inside_a_frame(caller: Any) -> None:
    got, error = await _stream(caller, "[[sim:truncated at=123]]")
    assert (len(got), error) == (123, None)
    with pytest.raises(UpstreamDisconnected):
        caller.read(got)


async def test_a_stream_that_breaks_off_between_two_frames(caller: Any) -> None:
    got, error = await _stream(caller, "[[sim:cut frames=2]]")
    assert len(caller.read(got)) == 2
    assert isinstance(error, httpx.RemoteProtocolError)


async def test_a_connection_that_was_to_stay_open_is_closed(caller: Any) -> None:
    response = await caller.ask("[[sim:stale]]")
    assert response.headers.get("connection") != "close"
    assert "Hello!" in caller.read(response.content).text
    pool = caller.http._transport._pool
    await _until(lambda: all(connection.has_expired() for connection in pool.connections))
    assert (await caller.ask()).status_code == 200


async def test_a_byte_that_is_turned_over(caller: Any) -> None:
    got, _ = await _stream(caller, "[[sim:corrupt at=130]]")
    with pytest.raises(UpstreamGarbled):
        caller.read(got)


async def test_a_request_that_is_never_answered_is_abandoned(caller: Any) -> None:
    caller.http.timeout = 0.05
    _, error = await _stream(caller, "[[sim:hang]]")
    assert isinstance(error, httpx.ReadTimeout)
    await _until(lambda: caller.simulator.requests[0].abandoned)
    assert not caller.simulator.requests[0].finished


async def test_a_stream_that_stalls_is_abandoned_by_who_loses_patience(caller: Any) -> None:
    caller.http.timeout = 0.05
    got, error = await _stream(caller, "[[sim:stall at=200]]")
    assert len(got) == 200
    assert isinstance(error, httpx.ReadTimeout)
    await _until(lambda: caller.simulator.requests[0].abandoned)


async def test_a_caller_who_closes_in_the_middle_is_noticed(opened: Opened) -> None:
    caller = await opened(SimulatorOptions(sleep=_never, frame_seconds=1))
    headers = {**caller.headers, "content-type": "application/json"}
    url = f"{caller.simulator.urls.runtime}/generateAssistantResponse"
    async with caller.http.stream("POST", url, json=caller.body(), headers=headers) as response:
        assert response.status_code == 200
        assert not caller.simulator.requests[0].abandoned
    await _until(lambda: caller.simulator.requests[0].abandoned)


async def test_waits_are_slept_by_the_injected_clock(opened: Opened) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    caller = await opened(SimulatorOptions(sleep=sleep))
    await caller.events("[[sim:silence seconds=200]]")
    assert waits == [200.0]
    await caller.events("[[sim:pause after=2 seconds=30]]")
    assert waits == [200.0, 30.0]
    waits.clear()
    response = await caller.ask("[[sim:drip seconds=0.5]]")
    assert waits == [0.5] * len(response.content)


async def test_the_options_pause_between_frames(opened: Opened) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    caller = await opened(SimulatorOptions(sleep=sleep, frame_seconds=0.03))
    events = await caller.events()
    assert waits == [0.03] * len(events)


async def test_a_value_that_is_no_number_shows(caller: Any) -> None:
    response = await caller.ask("[[sim:cut at=soon]]")
    assert response.headers["x-simulator-rule"] == "scenario-value-at"


async def test_an_unknown_scenario_shows(caller: Any) -> None:
    response = await caller.ask("[[sim:earthquake]]")
    assert response.headers["x-simulator-rule"] == "no-scenario-earthquake"


async def _never(_: float) -> None:
    await anyio.sleep_forever()


async def _until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(5):
        while not condition():
            await anyio.sleep(0.001)

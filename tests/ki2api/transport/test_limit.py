"""A limit counts what others take, and not what our own event loop has lost."""

import asyncio
import socket
import time

import pytest

from ki2api.alarms import LATE, Alarms
from ki2api.transport.limit import Limit
from ki2api.upstream.silence import Silence

pytestmark = pytest.mark.anyio


async def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError), Limit(0.0, Alarms()):
        await asyncio.Event().wait()


@pytest.mark.parametrize("seconds", [None, 60.0])
async def test_what_ends_in_time_leaves_no_alarm(seconds: float | None) -> None:
    alarms = Alarms()
    with Limit(seconds, alarms):
        await asyncio.sleep(0)
    assert len(alarms) == 0


async def test_the_time_can_be_given_anew() -> None:
    alarms = Alarms()
    with Limit(100.0, alarms) as limit:
        before = limit.at
        await asyncio.sleep(0.01)
        limit.renew()
        assert limit.at > before
    with Limit(None, alarms) as limit:
        limit.renew()
        assert len(alarms) == 0


@pytest.mark.parametrize("first", ["the limit", "another"])
async def test_a_cancellation_by_others_stays_one(first: str) -> None:
    """Also where the limit comes to its end at the same moment."""
    task = asyncio.current_task()
    assert task is not None

    async def cut_off() -> None:
        with Limit(60.0, Alarms()) as limit:
            if first == "another":
                task.cancel()
            limit.ring()
            if first == "the limit":
                task.cancel()
            await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        await cut_off()
    assert task.uncancel() == 0


def test_it_is_for_tasks() -> None:
    limit = Limit(1.0, Alarms())
    with pytest.raises(RuntimeError):
        limit.__enter__()


async def test_what_has_come_while_the_loop_stood_still_has_come_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
        with Limit(0.05, Alarms()):
            asyncio.get_running_loop().call_soon(time.sleep, 0.06 + LATE)
            _, writer = await asyncio.open_connection(host, port)
        writer.close()


async def test_a_loop_that_stood_still_is_no_reason_to_wait_for_ever() -> None:
    asyncio.get_running_loop().call_soon(time.sleep, 0.02 + LATE)
    with pytest.raises(TimeoutError), Limit(0.01, Alarms()):
        await asyncio.Event().wait()


async def test_a_silence_is_not_our_own() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        reader, writer = await asyncio.open_connection(sock=ours)
        broken: list[str] = []
        silence = Silence(0.05, lambda: broken.append("broken"), Alarms())

        def stand_still() -> None:
            time.sleep(0.06 + LATE)
            theirs.sendall(b"x")

        silence.renew()
        asyncio.get_running_loop().call_soon(stand_still)
        assert await reader.read(1) == b"x"
        silence.rest()
        assert not broken
        silence.renew()
        asyncio.get_running_loop().call_soon(time.sleep, 0.06 + LATE)
        while not broken:
            await asyncio.sleep(0.01)
        silence.stop()
        writer.close()

"""A limit counts what others take, and not what our own event loop has lost."""

import asyncio
import socket
import time

import pytest

from ki2api.transport.limit import LATE, at_most
from ki2api.upstream.silence import Silence

pytestmark = pytest.mark.anyio


async def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError):
        async with at_most(0.0):
            await asyncio.Event().wait()


@pytest.mark.parametrize("seconds", [None, 60.0])
async def test_what_ends_in_time_leaves_no_timer(seconds: float | None) -> None:
    async with at_most(seconds):
        await asyncio.sleep(0)


async def test_what_has_come_while_the_loop_stood_still_has_come_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
        async with at_most(0.05):
            asyncio.get_running_loop().call_soon(time.sleep, 0.06 + LATE)
            _, writer = await asyncio.open_connection(host, port)
        writer.close()


async def test_a_loop_that_stood_still_is_no_reason_to_wait_for_ever() -> None:
    asyncio.get_running_loop().call_soon(time.sleep, 0.02 + LATE)
    with pytest.raises(TimeoutError):
        async with at_most(0.01):
            await asyncio.Event().wait()


async def test_a_silence_is_not_our_own() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        reader, writer = await asyncio.open_connection(sock=ours)
        broken: list[str] = []
        silence = Silence(0.05, lambda: broken.append("broken"))

        def stand_still() -> None:
            time.sleep(0.06 + LATE)
            theirs.sendall(b"x")

        with silence:
            asyncio.get_running_loop().call_soon(stand_still)
            assert await reader.read(1) == b"x"
        assert not broken
        with silence:
            asyncio.get_running_loop().call_soon(time.sleep, 0.06 + LATE)
            while not broken:
                await asyncio.sleep(0.01)
        silence.stop()
        writer.close()

"""Which of a host's addresses is connected to."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ki2api.transport.dialling import first_connected, in_turns

pytestmark = pytest.mark.anyio


def address(port: int) -> Any:
    return socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)


@contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def silent() -> Iterator[int]:
    """Give a port where connections are neither taken nor refused: its queue is full."""
    with ExitStack() as held:
        server = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        where = server.getsockname()
        for _ in range(4):
            waiting = held.enter_context(closing(socket.socket()))
            waiting.settimeout(0.0)
            waiting.connect_ex(where)
        yield where[1]


def refusing() -> int:
    with listening() as port:
        return port


def test_families_take_turns_and_the_first_stays_first() -> None:
    six, four = socket.AF_INET6, socket.AF_INET
    found = [(six, 1), (six, 2), (six, 3), (four, 4)]
    assert in_turns(found) == [(six, 1), (four, 4), (six, 2), (six, 3)]


async def test_one_that_refuses_is_followed_by_the_next_at_once() -> None:
    with listening() as port:
        addresses = [address(refusing()), address(refusing()), address(port)]
        connected = await first_connected(addresses, head_start=3600)
        with connected:
            assert connected.getpeername()[1] == port


async def test_one_that_is_silent_does_not_keep_the_next_from_answering() -> None:
    with silent() as nobody, listening() as port:
        connected = await first_connected([address(nobody), address(port)], head_start=0.01)
        with connected:
            assert connected.getpeername()[1] == port


@pytest.mark.parametrize("number", [1, 3])
async def test_where_none_answers_the_last_one_says_why(number: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        await first_connected([address(refusing()) for _ in range(number)])


async def test_who_gives_up_leaves_no_socket_behind() -> None:
    with silent() as nobody, listening() as port:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for addresses in ([address(nobody)], [address(nobody)] * 3, [address(port)] * 3):
            for steps in range(8):
                async with asyncio.TaskGroup() as group:
                    dialling = group.create_task(first_connected(addresses, head_start=0))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    dialling.cancel()
                if not dialling.cancelled():
                    dialling.result().close()
        while len(list(Path("/proc/self/fd").iterdir())) > before:
            await asyncio.sleep(0)

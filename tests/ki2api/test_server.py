"""The limits on the head of a request, with a shorter patience than in earnest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from ki2api.server import StrictProtocol

pytestmark = pytest.mark.anyio
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Impatient(StrictProtocol):
    head_seconds = 0.05


async def hello(_: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(hello, http=Impatient, lifespan="off", log_config=None)
    config.load()
    server = uvicorn.Server(config)
    listening = await asyncio.get_running_loop().create_server(
        lambda: Impatient(config=config, server_state=server.server_state, app_state={}),
        "127.0.0.1",
        0,
    )
    async with listening:
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        yield reader, writer
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", HEAD + b"GET / HT"])
async def test_a_head_that_does_not_come_is_answered_408(begun: bytes) -> None:
    async with connected() as (reader, writer):
        writer.write(begun)
        answer = await reader.read()
        assert b"HTTP/1.1 408 " in answer
        assert answer.count(b" 204 ") == begun.count(b"\r\n\r\n")


async def test_between_two_requests_a_connection_may_rest() -> None:
    async with connected() as (reader, writer):
        for _ in range(2):
            writer.write(HEAD)
            assert b" 204 " in await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(3 * Impatient.head_seconds)

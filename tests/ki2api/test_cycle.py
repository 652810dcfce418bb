"""How an answer is framed and when it leaves, read off a real socket."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from ki2api.connection import StrictProtocol
from ki2api.server import configure

pytestmark = pytest.mark.anyio
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Send], Awaitable[None]]


def head(status: int = 200, **fields: bytes) -> dict[str, Any]:
    headers = [(name.replace("_", "-").encode(), value) for name, value in fields.items()]
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(content: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}


async def reads(app: App, *, method: str = "GET", version: str = "1.1") -> list[bytes]:
    """Return what a client of this app gets until its connection is closed, as it arrived."""

    async def asgi(_: Any, __: Any, send: Send) -> None:
        await app(send)

    config = configure(asgi, host="", port=0, drain_seconds=1)
    config.load()
    server = uvicorn.Server(config)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: StrictProtocol(config, server.server_state, {}), "127.0.0.1", 0
    )
    try:
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        ends = "" if version == "1.0" else "connection: close\r\n"
        writer.write(f"{method} / HTTP/{version}\r\nhost: x\r\n{ends}\r\n".encode())
        arrived = []
        async with asyncio.timeout(60):
            while piece := await reader.read(65536):
                arrived.append(piece)
        writer.close()
        return arrived
    finally:
        listening.close()


async def test_the_head_comes_with_the_first_piece_and_not_before() -> None:
    async def app(send: Send) -> None:
        await send(head())
        await asyncio.sleep(0.05)
        await send(body(b"one", more=True))
        await asyncio.sleep(0.05)
        await send(body(b"", more=True))  # no piece would be the end
        await send(body(b"two"))

    first, second = await reads(app)
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert first.endswith(b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\none\r\n")
    assert second == b"3\r\ntwo\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "method", "version", "ends"),
    [
        (200, "GET", "1.0", b"connection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        (204, "GET", "1.1", b"connection: close\r\n\r\n"),
        (200, "HEAD", "1.1", b"connection: close\r\n\r\n"),
    ],
)
async def test_what_has_no_body_has_no_framing(
    status: int, method: str, version: str, ends: bytes
) -> None:
    async def app(send: Send) -> None:
        await send(head(status))
        await send(body(b"" if status == 204 else b"ok"))

    whole = b"".join(await reads(app, method=method, version=version))
    assert whole.endswith(ends)
    assert (b"chunked" in whole) == (version == "1.0")


async def test_an_app_may_close_the_connection() -> None:
    async def app(send: Send) -> None:
        await send(head(content_length=b"2", connection=b"close"))
        await send(body(b"o", more=True))
        await send(body(b"k"))

    whole = b"".join(await reads(app))
    assert whole.endswith(b"content-length: 2\r\nconnection: close\r\n\r\nok")


BROKEN: dict[str, list[dict[str, Any]]] = {
    "a line break in a value": [head(x=b"a\r\nset-cookie: b")],
    "half a line break": [head(x=b"a\nb")],
    "the other half": [head(x=b"a\rb")],
    "a NUL": [head(x=b"a\0b")],
    "no name": [{**head(), "headers": [(b"a b", b"c")]}],
    "a body without a head": [body(b"")],
    "another message": [{"type": "http.response.push"}],
    "too much": [head(content_length=b"1"), body(b"ab")],
    "too little": [head(content_length=b"3"), body(b"ab")],
}


@pytest.mark.parametrize("messages", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_answer_is_a_500(messages: list[dict[str, Any]]) -> None:
    async def app(send: Send) -> None:
        for message in messages:
            await send(message)

    whole = b"".join(await reads(app))
    assert whole.startswith(b"HTTP/1.1 500 ")
    assert whole.count(b"HTTP/1.1") == 1
    assert b"set-cookie" not in whole


@pytest.mark.parametrize("late", [head(), body(b"more")])
async def test_nothing_comes_after_the_end(late: dict[str, Any]) -> None:
    raised: list[Exception] = []

    async def app(send: Send) -> None:
        await send(head(content_length=b"2"))
        await send(body(b"ok"))
        try:
            await send(late)
        except RuntimeError as error:
            raised.append(error)

    whole = b"".join(await reads(app))
    assert whole.endswith(b"\r\n\r\nok")
    assert raised

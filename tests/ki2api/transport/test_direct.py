"""What our own transport does beyond what httpx's does."""

import asyncio
import os
import socket
import ssl

import httpx
import pytest

from ki2api.transport import Direct
from tests.ki2api.transport.peers import chunk, saying, served, told, trusting

pytestmark = pytest.mark.anyio
HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
MIB = 1024 * 1024


async def closed(transport: Direct) -> None:
    while len(transport.pool):
        await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("transport", "hint", "idle"),
    [
        (Direct(), b"", 1),
        (Direct(), b"Keep-Alive: max=9, timeout=60\r\n", 1),
        (Direct(), b"keep-alive: timeout=4\r\n", 0),  # it would be closed as soon as it is used
        (Direct(), b"keep-alive: soon\r\n", 1),
        (Direct(idle_seconds=0), b"", 0),
        (Direct(most_idle=0), b"", 0),
    ],
)
async def test_an_idle_connection_is_kept_while_it_is_safe_to(
    transport: Direct, hint: bytes, idle: int
) -> None:
    async with served(saying(WHOLE.replace(b"\r\n", b"\r\n" + hint, 1), b"")) as peer:
        await told(transport, peer.url())
        assert transport.pool.idle == idle
        await transport.aclose()
        await closed(transport)


async def test_an_idle_connection_is_closed_in_time_by_itself() -> None:
    transport = Direct(idle_seconds=0.01)
    async with served(saying(WHOLE, WHOLE)) as peer:
        await told(transport, peer.url())
        await closed(transport)
        assert transport.pool.idle == 0


async def test_the_connection_that_was_used_last_is_used_first(own: Direct) -> None:
    asked: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = peer.connections
        while True:
            await reader.readuntil(b"\r\n\r\n")
            asked.append(number)
            writer.write(WHOLE)

    async with served(serve) as peer:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(told(own, peer.url()))
        for _ in range(5):
            await told(own, peer.url())
        assert own.pool.idle == 3
    assert sorted(asked[:3]) == [1, 2, 3]
    assert len(set(asked[3:])) == 1


async def test_what_comes_unasked_closes_the_connection(own: Direct) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(WHOLE)
        await writer.drain()
        while not own.pool.idle:
            await asyncio.sleep(0)
        writer.write(WHOLE)
        await reader.read()

    async with served(serve) as peer:
        assert await told(own, peer.url()) == b"hello"
        await closed(own)


async def test_a_second_answer_to_one_request_is_not_taken_for_the_next_one(own: Direct) -> None:
    async with served(saying(WHOLE + WHOLE.replace(b"hello", b"wrong"))) as peer:
        assert await told(own, peer.url()) == b"hello"
        await closed(own)


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 200 OK\r\nx: " + b"x" * MIB,
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * MIB,
        b"HTTP/1.1 100 Continue\r\n\r\n" * MIB,
        HEAD + chunk(b"hello") + b"0\r\nx: " + b"x" * MIB,
        HEAD + b"5;" + b"x" * MIB,
    ],
    ids=["one field", "many fields", "many interim answers", "a trailer", "an extension"],
)
async def test_what_never_comes_to_a_body_is_broken_off(own: Direct, endless: bytes) -> None:
    async with served(saying(endless)) as peer:
        with pytest.raises(httpx.RemoteProtocolError):
            await told(own, peer.url())
        await closed(own)


async def test_another_protocol_is_refused(own: Direct) -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"
    async with served(saying(switch)) as peer:
        with pytest.raises(httpx.RemoteProtocolError):
            await told(own, peer.url())


async def test_a_request_that_was_answered_before_it_had_gone_out_ends_its_connection(
    own: Direct,
) -> None:
    refused = b"HTTP/1.1 413 Too Large\r\ncontent-length: 5\r\n\r\nlarge"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(refused)
        await done.wait()

    done = asyncio.Event()
    async with served(serve) as peer:
        request = httpx.Request("POST", peer.url(), content=b"x" * (16 * MIB))
        response = await own.handle_async_request(request)
        assert (response.status_code, await response.aread()) == (413, b"large")
        assert own.pool.idle == 0
        await closed(own)
        done.set()


async def test_a_server_that_takes_no_request_is_late(own: Direct) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()

    done = asyncio.Event()
    async with served(serve) as peer:
        request = httpx.Request(
            "POST",
            peer.url(),
            content=b"x" * (16 * MIB),
            extensions={"timeout": {"write": 0.05}},
        )
        with pytest.raises(httpx.WriteTimeout):
            await own.handle_async_request(request)
        done.set()


async def test_a_server_that_takes_a_request_slowly_is_not(own: Direct) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(16):
            await reader.readexactly(MIB)
            await asyncio.sleep(0.005)
        writer.write(WHOLE)

    async with served(serve) as peer:
        request = httpx.Request(
            "POST",
            peer.url(),
            content=b"x" * (16 * MIB),
            extensions={"timeout": {"write": 0.1}},
        )
        response = await own.handle_async_request(request)
        assert await response.aread() == b"hello"


@pytest.mark.parametrize("begun", [b"", HEAD + chunk(b"hello")], ids=["head", "body"])
async def test_a_server_that_falls_silent_is_late_where_somebody_wants_so(
    own: Direct, begun: bytes
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(begun)
        await reader.read()

    async with served(serve) as peer:
        timeout = {"timeout": {"read": 0.05}}
        request = httpx.Request("GET", peer.url(), extensions=timeout)
        with pytest.raises(httpx.ReadTimeout):
            await (await own.handle_async_request(request)).aread()


async def test_the_end_of_a_connection_ends_a_body_only_with_a_farewell_in_tls(
    own: Direct,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhello")
        await writer.drain()
        await asyncio.sleep(0.01)
        # Beneath TLS: as if somebody between had cut the connection.
        with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as beneath:
            beneath.shutdown(socket.SHUT_WR)
        await reader.read()

    async with served(serve, tls=True) as peer:
        with pytest.raises(httpx.RemoteProtocolError, match="in the middle"):
            await told(own, peer.url())


@pytest.mark.parametrize("bad", ["a\r\nx: y", "a\nx: y", "a\x00b"])
async def test_a_header_cannot_break_the_request(own: Direct, bad: str) -> None:
    async with served(saying(WHOLE)) as peer:
        for headers in ({"x-a": bad}, {f"x-{bad}": "a"}):
            with pytest.raises(httpx.LocalProtocolError):
                await own.handle_async_request(httpx.Request("GET", peer.url(), headers=headers))
        with pytest.raises(httpx.LocalProtocolError):
            await own.handle_async_request(httpx.Request(f"GET {bad}", peer.url()))
        assert peer.connections == 0


async def test_only_http_is_spoken(own: Direct) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        await told(own, "ftp://localhost/")


async def test_trust_is_read_when_it_is_first_needed_and_once() -> None:
    made = 0

    def trust() -> ssl.SSLContext:
        nonlocal made
        made += 1
        return trusting()

    transport = Direct(trust)
    async with served(saying(WHOLE)) as plain, served(saying(WHOLE), tls=True) as secret:
        await told(transport, plain.url())
        assert made == 0
        for _ in range(2):
            await told(transport, secret.url())
        assert made == 1
    await transport.aclose()


async def test_a_response_that_was_closed_can_be_read_no_more(own: Direct) -> None:
    async with served(saying(HEAD + chunk(b"hello"))) as peer:
        response = await own.handle_async_request(httpx.Request("GET", peer.url()))
        await response.aclose()
        await response.aclose()
        await closed(own)

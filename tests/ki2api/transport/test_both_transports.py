"""What both transports promise, over real sockets."""

import asyncio
import ssl

import httpx
import pytest

from ki2api.transport import Incoming, causes
from ki2api.transport.incoming import ENOUGH
from tests.ki2api.transport.peers import chunk, saying, served, told

pytestmark = pytest.mark.anyio
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
BODIES = {
    "a length": WHOLE,
    "chunks": CHUNKED + chunk(b"hel") + chunk(b"lo") + b"0\r\n\r\n",
    "chunks with extensions and a trailer": CHUNKED
    + b"3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nx-sum: 1\r\n\r\n",
    "the end of the connection": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "interim answers before it": b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + WHOLE,
}
BROKEN = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\ncontent-le",
    "half a length": b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello",
    "half a chunk": CHUNKED + b"50\r\nhello",
    "no last chunk": CHUNKED + chunk(b"hello"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\nhello",
    "a chunk that is none": CHUNKED + b"five\r\nhello",
}


@pytest.mark.parametrize("answer", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_a_body_is_read_to_its_end(
    transport: httpx.AsyncBaseTransport, answer: bytes, *, tls: bool
) -> None:
    async with served(saying(answer), tls=tls) as peer:
        assert await told(transport, peer.url()) == b"hello"


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
async def test_an_answer_that_breaks_off_or_is_none_is_an_error(
    transport: httpx.AsyncBaseTransport, answer: bytes
) -> None:
    async with served(saying(answer)) as peer:
        with pytest.raises(httpx.TransportError):
            await told(transport, peer.url())


@pytest.mark.parametrize(("answer", "exhausted"), [(WHOLE, True), (BROKEN["no last chunk"], False)])
async def test_that_all_was_read_is_known_before_the_next_read(
    transport: httpx.AsyncBaseTransport, answer: bytes, *, exhausted: bool
) -> None:
    async with served(saying(answer)) as peer:
        response = await transport.handle_async_request(httpx.Request("GET", peer.url()))
        assert isinstance(response.stream, Incoming)
        while not response.stream.ended:
            await asyncio.sleep(0)
        assert not response.stream.exhausted
        assert await anext(response.stream) == b"hello"
        assert response.stream.exhausted is exhausted
        await response.aclose()


@pytest.mark.parametrize("status", [204, 304])
async def test_some_answers_have_no_body(transport: httpx.AsyncBaseTransport, status: int) -> None:
    head = b"HTTP/1.1 %d x\r\n\r\n" % status
    async with served(saying(head, WHOLE)) as peer:
        assert await told(transport, peer.url()) == b""
        assert await told(transport, peer.url()) == b"hello"
        assert peer.connections == 1


async def test_the_answer_to_head_has_no_body_either(transport: httpx.AsyncBaseTransport) -> None:
    async with served(saying(WHOLE.removesuffix(b"hello"))) as peer:
        assert await told(transport, peer.url(), "HEAD") == b""


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_a_connection_serves_again_after_a_whole_answer(
    transport: httpx.AsyncBaseTransport, *, tls: bool
) -> None:
    async with served(saying(*[WHOLE, BODIES["chunks"]] * 5), tls=tls) as peer:
        for _ in range(10):
            assert await told(transport, peer.url()) == b"hello"
        assert peer.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    ],
)
async def test_no_connection_serves_again_that_the_server_closes(
    transport: httpx.AsyncBaseTransport, answer: bytes
) -> None:
    async with served(saying(answer, answer)) as peer:
        for _ in range(2):
            assert await told(transport, peer.url()) == b"hello"
        assert peer.connections == 2


async def test_a_connection_that_died_while_it_was_idle_is_not_used(
    transport: httpx.AsyncBaseTransport,
) -> None:
    async with served(saying(WHOLE)) as peer:
        for number in range(1, 4):
            assert await told(transport, peer.url()) == b"hello"
            while peer.open:
                await asyncio.sleep(0)
            assert peer.connections == number


async def test_no_connection_serves_again_whose_answer_was_not_read(
    transport: httpx.AsyncBaseTransport,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CHUNKED + chunk(b"hello") + b"0\r\n\r\n" * (peer.connections > 1))
        await reader.read()

    async with served(serve) as peer:
        response = await transport.handle_async_request(httpx.Request("GET", peer.url()))
        await response.aclose()
        assert await told(transport, peer.url()) == b"hello"
        assert peer.connections == 2


async def test_a_request_goes_out_as_it_was_made(transport: httpx.AsyncBaseTransport) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(1_000_000)
        said = head + b"%d" % body.count(b"x")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(said), said))

    async with served(echo) as peer:
        request = httpx.Request(
            "POST", peer.url("/a%20b?c=d"), headers={"X-Own": "1"}, content=b"x" * 1_000_000
        )
        response = await transport.handle_async_request(request)
        said = (await response.aread()).decode()
    head, count = said.split("\r\n\r\n")
    first, *headers = head.split("\r\n")
    assert first == "POST /a%20b?c=d HTTP/1.1"
    assert {line.lower() for line in headers} == {
        f"host: localhost:{peer.port}",
        "x-own: 1",
        "content-length: 1000000",
    }
    assert count == "1000000"


async def test_nobody_listening_is_an_error_of_connecting(
    transport: httpx.AsyncBaseTransport,
) -> None:
    async with served(saying()) as peer:
        url = peer.url()
    with pytest.raises(httpx.ConnectError):
        await told(transport, url)


async def test_a_name_that_nobody_has_is_an_error_of_connecting(
    transport: httpx.AsyncBaseTransport,
) -> None:
    with pytest.raises(httpx.ConnectError):
        await told(transport, "http://nobody.invalid/")


async def test_a_server_that_does_not_shake_hands_is_late(
    transport: httpx.AsyncBaseTransport,
) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with served(silent) as peer:
        timeout = {"timeout": {"connect": 0.05}}
        url = peer.url().replace("http:", "https:")
        with pytest.raises(httpx.ConnectTimeout):
            await transport.handle_async_request(httpx.Request("GET", url, extensions=timeout))


async def test_a_certificate_of_another_host_is_not_trusted(
    transport: httpx.AsyncBaseTransport,
) -> None:
    async with served(saying(WHOLE), tls=True) as peer:
        url = peer.url().replace("localhost", "127.0.0.1")
        with pytest.raises(httpx.ConnectError) as refused:
            await told(transport, url)
    assert any(isinstance(cause, ssl.SSLError) for cause in causes(refused.value))


async def test_only_http_11_is_spoken(transport: httpx.AsyncBaseTransport) -> None:
    spoken: list[str | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        spoken.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await saying(WHOLE)(reader, writer)

    async with served(serve, tls=True) as peer:
        await told(transport, peer.url())
    assert spoken == ["http/1.1"]


async def test_what_arrives_between_two_reads_is_one_piece(
    transport: httpx.AsyncBaseTransport,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for data in (CHUNKED, chunk(b"one"), chunk(b"two"), chunk(b"three"), b"0\r\n\r\n"):
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(0.001)

    async with served(serve) as peer:
        response = await transport.handle_async_request(httpx.Request("GET", peer.url()))
        while peer.open:
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        pieces = [piece async for piece in response.stream]  # type: ignore[union-attr]  # it is
        assert pieces == [b"onetwothree"]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_reading_pauses_while_nobody_takes(
    transport: httpx.AsyncBaseTransport, *, tls: bool
) -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CHUNKED)
        for _ in range(400):
            writer.write(chunk(b"x" * 65536))
            await writer.drain()
            sent += 65536
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async with served(serve, tls=tls) as peer:
        response = await transport.handle_async_request(httpx.Request("GET", peer.url()))
        before = -1
        while sent > before:  # until the buffers of both kernels are full
            before = sent
            await asyncio.sleep(0.1)
        assert sent < 400 * 65536
        stream = response.stream
        waiting = sum(map(len, stream.pieces))  # type: ignore[union-attr,arg-type]  # looks inside
        assert waiting < ENOUGH + 2 * 256 * 1024
        sizes = [len(piece) async for piece in stream]  # type: ignore[union-attr]  # it is
        assert sum(sizes) == 400 * 65536

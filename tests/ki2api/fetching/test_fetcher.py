"""Nothing of the inside is reached, whatever an address looks like; and what is outside is."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from ki2api.fetching.addresses import is_public, resolve
from ki2api.fetching.fetcher import MOST_AT_ONCE, Fetcher, Unfetched

pytestmark = pytest.mark.anyio

MOST = 1_000
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


class Trap:
    """Listens on the loopback, in both families, and counts who comes."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connections = 0

    async def serve(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@pytest.fixture
async def trap() -> AsyncIterator[Trap]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        found = Trap(free.getsockname()[1])
    hosts = ["127.0.0.1", "::1"] if socket.has_dualstack_ipv6() else ["127.0.0.1"]
    server = await asyncio.start_server(found.serve, hosts, found.port)
    yield found
    server.close()
    await server.wait_closed()


async def numeric(host: str, port: int) -> Sequence[str]:
    """Resolve as this machine does, except for names that would be asked of the network."""
    inside = {
        "localtest.example": ["127.0.0.1"],
        "mixed.example": ["8.8.8.8", "127.0.0.1"],
        "six.example": ["2606:4700::1111", "::1"],
        "metadata.example": ["169.254.169.254"],
        "mapped.example": ["::ffff:127.0.0.1"],
        "nat64.example": ["64:ff9b::7f00:1"],
        "sixtofour.example": ["2002:7f00:1::"],
        "empty.example": [],
        "xn--d1acufc.example": ["10.0.0.1"],
    }
    if host in inside:
        return inside[host]
    if host.endswith(".example"):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")
    return await resolve(host, port)


TRICKS = [
    "https://127.0.0.1:{port}/",
    "https://127.1:{port}/",
    "https://127.0.1:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://2130706433:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.0.0.1:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://017700000001:{port}/",
    "https://127.0.0.1.:{port}/",
    "https://localhost:{port}/",
    "https://LOCALHOST:{port}/",
    "https://localhost.:{port}/",
    "https://[::1]:{port}/",
    "https://[::]:{port}/",
    "https://[0:0:0:0:0:0:0:1]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[64:ff9b::127.0.0.1]:{port}/",
    "https://[2002:7f00:1::]:{port}/",
    "https://[fe80::1]:{port}/",
    "https://[fe80::1%25lo]:{port}/",
    "https://[fd00:ec2::254]:{port}/",
    "https://169.254.169.254:{port}/latest/meta-data/",
    "https://metadata.example:{port}/",
    "https://localtest.example:{port}/",
    "https://mixed.example:{port}/",
    "https://six.example:{port}/",
    "https://mapped.example:{port}/",
    "https://nat64.example:{port}/",
    "https://sixtofour.example:{port}/",
    "https://empty.example:{port}/",
    "https://nowhere.example:{port}/",
    "https://яндекс.example:{port}/",
    "https://127。0。0。1:{port}/",
    "https://①②⑦.0.0.1:{port}/",
    "https://pictures.example@127.0.0.1:{port}/",
    "https://pictures.example:pw@localhost:{port}/",
    "https://127.0.0.1:{port}@pictures.example/",
    "https://pictures.example\\@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}#@pictures.example/",
    "https://127.0.0.1:{port}?@pictures.example/",
    "https://127.0.0.1%00.pictures.example:{port}/",
    "https://127.0.0.1%2f.pictures.example:{port}/",
    "https:///127.0.0.1:{port}/",
    "https:127.0.0.1:{port}/",
    "https://:{port}/",
    "http://127.0.0.1:{port}/",
    "HTTP://localhost:{port}/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_",
    "//127.0.0.1:{port}/",
    "https://127.0.0.1:22/",
    "https://127.0.0.1/",
    "https://127.0.0.1:99999/",
    "https://127.0.0.1:{port}\r\nhost: x/",
    "https://" + "a" * 300 + ":{port}/",
    "",
]


@pytest.mark.parametrize("trick", TRICKS)
async def test_no_trick_makes_a_connection(trick: str, trap: Trap) -> None:
    fetcher = Fetcher(resolve=numeric, admits=is_public, ports={443, trap.port})
    with pytest.raises(Unfetched):
        await fetcher.fetch(trick.replace("{port}", str(trap.port)), MOST)
    assert trap.connections == 0


async def test_only_the_port_of_https_is_asked() -> None:
    with pytest.raises(Unfetched, match="only port 443"):
        await Fetcher(resolve=numeric).fetch("https://8.8.8.8:22/", MOST)


async def test_a_file_is_fetched_by_its_name(host: Any, names: Any, fetcher: Fetcher) -> None:
    assert await fetcher.fetch(host.url("/a.png?x=1"), MOST) == PNG
    assert names.asked == ["pictures.example"]
    head = host.heads[0].lower()
    assert head.startswith("get /a.png?x=1 http/1.1\r\n")
    assert f"\r\nhost: pictures.example:{host.port}\r\n" in head
    assert {"cookie", "authorization", "referer"}.isdisjoint(head.replace(":", " ").split())


async def test_what_was_checked_is_what_is_connected_to(
    host: Any, names: Any, fetcher: Fetcher
) -> None:
    names.answers["pictures.example"] = [["127.0.0.1"], ["10.0.0.1"]]
    assert await fetcher.fetch(host.url("/"), MOST) == PNG
    assert names.asked == ["pictures.example"]
    with pytest.raises(Unfetched, match="no public address"):
        await fetcher.fetch(host.url("/"), MOST)
    assert host.connections == 1


async def test_the_certificate_must_be_of_the_name(host: Any, fetcher: Fetcher) -> None:
    with pytest.raises(Unfetched, match="cannot be reached by a safe connection"):
        await fetcher.fetch(host.url("/", "other.example"), MOST)
    assert host.heads == []


async def test_the_next_address_is_tried_where_one_does_not_answer(
    host: Any, names: Any, fetcher: Fetcher
) -> None:
    names.answers["pictures.example"] = [["127.0.0.9", "127.0.0.1"]]
    assert await fetcher.fetch(host.url("/"), MOST) == PNG


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(host: Any, names: Any, fetcher: Fetcher, status: int) -> None:
    to = host.url("/b", "cdn.example")
    host.answers["/a"] = f"HTTP/1.1 {status} x\r\nlocation: {to}\r\n\r\n".encode()
    assert await fetcher.fetch(host.url("/a"), MOST) == PNG
    assert names.asked == ["pictures.example", "cdn.example"]


async def test_a_redirect_may_be_relative_and_three_are_followed(
    host: Any, fetcher: Fetcher
) -> None:
    for at in range(5):
        host.answers[f"/{at}"] = f"HTTP/1.1 302 x\r\nlocation: {at + 1}\r\n\r\n".encode()
    assert await fetcher.fetch(host.url("/2"), MOST) == PNG
    with pytest.raises(Unfetched, match="more than 3 times"):
        await fetcher.fetch(host.url("/1"), MOST)
    assert host.paths == ["/2", "/3", "/4", "/5", "/1", "/2", "/3", "/4"]


@pytest.mark.parametrize(
    "to",
    [
        "https://127.0.0.2:{port}/",
        "https://inside.example:{port}/",
        "http://pictures.example:{port}/",
        "https://u:p@pictures.example:{port}/",
        "https://pictures.example:1/",
        "//inside.example:{port}/",
        "file:///etc/passwd",
        "https://pictures.example:x/",
        "/" + "a" * 65_530,
    ],
)
async def test_a_redirect_is_checked_like_any_address(
    host: Any, names: Any, fetcher: Fetcher, to: str
) -> None:
    names.answers["inside.example"] = [["10.0.0.1"]]
    names.answers["127.0.0.2"] = [["127.0.0.2"]]
    to = to.replace("{port}", str(host.port))
    host.answers["/"] = f"HTTP/1.1 302 x\r\nlocation: {to}\r\n\r\n".encode()
    with pytest.raises(Unfetched):
        await fetcher.fetch(host.url("/"), MOST)
    assert host.connections == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n", "answered 404"),
        (b"HTTP/1.1 200 x\r\ncontent-encoding: gzip\r\n\r\n", "compressed"),
        (b"HTTP/1.1 200 x\r\n\r\n" + bytes(MOST + 1), "larger than"),
        (b"HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\nshort", "no whole answer"),
        (b"SSH-2.0\r\n\r\n", "no whole answer"),
    ],
)
async def test_an_answer_that_is_no_file_is_refused(
    host: Any, fetcher: Fetcher, answer: bytes, why: str
) -> None:
    host.answers["/"] = answer
    with pytest.raises(Unfetched, match=why):
        await fetcher.fetch(host.url("/"), MOST)


async def test_a_file_as_large_as_is_allowed_is_fetched(host: Any, fetcher: Fetcher) -> None:
    host.answers["/"] = b"HTTP/1.1 200 x\r\n\r\n" + bytes(MOST)
    assert len(await fetcher.fetch(host.url("/"), MOST)) == MOST


async def test_only_so_many_are_fetched_at_once(host: Any, fetcher: Fetcher) -> None:
    host.answers["/"] = b""  # hangs
    async with asyncio.TaskGroup() as group:
        fetches = [group.create_task(fetcher.fetch(host.url("/"), MOST)) for _ in range(12)]
        while len(host.heads) < MOST_AT_ONCE:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert host.connections == MOST_AT_ONCE
        for fetch in fetches:
            fetch.cancel()

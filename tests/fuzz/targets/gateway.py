"""The whole gateway: whatever a caller asks and Kiro answers, there is one answer and no bug of ours.

An input tells the request, and what Kiro answers to one call after the other; the last of these
answers again, and one with `path` answers calls of other operations.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import loguru
import msgspec
from msgspec.structs import replace

from ki2api.accounts.account import Credential
from ki2api.accounts.signin import Refresher
from ki2api.accounts.sources import Found
from ki2api.app import build, create_app, lasting
from ki2api.kiro.framing import encode
from ki2api.reload.generations import Generations, House
from ki2api.reload.questions import Questions
from ki2api.reload.ways import Ways
from ki2api.settings import Loaded, Settings, StateSettings
from ki2api.transport import Clients
from ki2api.upstream.client import KiroClient, UpstreamOptions
from ki2api.upstream.control import ControlPlane
from ki2api.upstream.hosts import Hosts, HostUrls
from ki2api.upstream.search import WebSearcher
from ki2api.web.door import Door
from ki2api.web.paths import LenientPaths
from pipeline import Secret
from tests.fuzz.mutation import mutate_json
from tests.fuzz.streams import LAST, events
from tests.fuzz.targets.events import headers_of
from tests.jumping import JumpingLoop

WORDS = (
    "ki2api/protocols",
    "ki2api/kiro/wire.py",
    "ki2api/kiro/rulings.py",
    "tests/fuzz/targets/gateway.py",
)
PATHS = ("/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/messages/count_tokens")
KEY = "ki2api-key-2024"
APP = create_app()
ENDS = set[str]().union(*LAST.values())
MOST_ANSWERS = 8
mutate = mutate_json


class Answer(msgspec.Struct):
    """What Kiro answers: frames as the target `events` has them, or a text."""

    status: int = 200
    headers: dict[str, str] = {}
    frames: list[tuple[Any, Any]] = []
    text: str = ""
    other: bool = False
    """Whether it answers calls of other operations than the one that answers conversations."""


class Told(msgspec.Struct):
    """A request, and what comes of it at Kiro."""

    path: int = 0
    body: Any = None
    headers: dict[str, str] = {}
    answers: list[Answer] = []


def check(data: bytes) -> None:
    """Ask, and look at the answer and at what the log says."""
    try:
        told = msgspec.json.decode(data, type=Told)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    faults: list[Any] = []
    loguru.logger.remove()
    loguru.logger.add(lambda line: faults.append(line.record["exception"]), level="ERROR")
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        sent = runner.run(asked(told))
    assert not faults, faults[0]
    answered(sent)


async def asked(told: Told) -> list[Any]:
    """Put the request to a gateway of its own, and return what was sent."""
    sent: list[Any] = []
    body = told.body.encode() if isinstance(told.body, str) else msgspec.json.encode(told.body)
    left = asyncio.Event()
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if not waiting:
            await left.wait()
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async with gateway(Kiro(told.answers[:MOST_ANSWERS])) as house:
        async with asyncio.timeout(3600):
            await house.generations(scope_of(told), receive, send)  # type: ignore[arg-type]
        left.set()
        assert not house.shared.answers
        assert not any(each.in_flight for each in house.shared.pool.statuses())
    return sent


def scope_of(told: Told) -> dict[str, Any]:
    """Make the scope of a request as a server does: whose headers have no line ends in them."""
    path = PATHS[told.path % len(PATHS)]
    mine = {"host": "localhost", "x-api-key": KEY, "content-type": "application/json"}
    given = {
        name.lower(): value
        for name, value in told.headers.items()
        if name.isascii() and name.isprintable() and value.isprintable() and name
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.encode(), value.encode("latin-1", "replace"))
            for name, value in (mine | given).items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": {},
    }


def answered(sent: list[Any]) -> None:
    """Look at one whole answer."""
    head, *rest = sent
    assert head["type"] == "http.response.start"
    assert all(each["type"] == "http.response.body" for each in rest)
    assert [each.get("more_body", False) for each in rest] == [*(True for _ in rest[1:]), False]
    content = b"".join(each.get("body", b"") for each in rest)
    kind = dict(head["headers"])[b"content-type"]
    assert (
        head["status"] == 200
        or 400 <= head["status"] < 500
        or head["status"] in (502, 503, 504, 529)
    ), sent
    if kind.startswith(b"text/event-stream"):
        assert head["status"] == 200
        streamed(list(events(content)))
    else:
        document = msgspec.json.decode(content)
        assert ("error" in document and bool(document["error"])) == (head["status"] != 200)


def streamed(read: list[tuple[str, str]]) -> None:
    """A stream has one end, and it is the last thing said: that of a reply, or an error."""
    *before, (name, data) = read
    assert name in ENDS or "error" in msgspec.json.decode(data)
    assert not ENDS & {each for each, _ in before}


class Kiro(httpx.AsyncBaseTransport):
    """Answers as it is told."""

    def __init__(self, answers: list[Answer]) -> None:
        self._main = [each for each in answers if not each.other]
        self._others = [each for each in answers if each.other]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        main = request.url.path.endswith("/generateAssistantResponse")
        waiting = self._main if main else self._others
        if not waiting:
            raise httpx.ConnectError("nobody listens")
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        pieces = [encode(headers_of(kind), payload_of(payload)) for kind, payload in answer.frames]
        status = answer.status if 200 <= answer.status < 600 else 200
        headers = {
            name: value
            for name, value in answer.headers.items()
            if name.isascii() and name.isprintable() and value.isascii() and value.isprintable()
        }
        return httpx.Response(
            status, headers=headers, stream=Pieces([*pieces, answer.text.encode()])
        )


class Pieces(httpx.AsyncByteStream):
    """The body of an answer, a piece at a time."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in filter(None, self._pieces):
            await asyncio.sleep(0)
            yield piece


def payload_of(payload: Any) -> bytes:
    """Return a text as it is, and anything else as JSON."""
    return payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload)


def ways_to(kiro: Kiro, found: Found) -> Ways:
    """Make the ways that all lead to one transport."""
    clients = Clients(lambda _: kiro, None)
    urls = HostUrls("https://runtime.test", "https://management.test", "https://q.test")
    hosts, options = Hosts(urls), UpstreamOptions()
    refresher = Refresher(clients, auth_url="https://auth.test", oidc_url="https://oidc.test")
    return Ways(
        clients,
        KiroClient(clients, hosts, options),
        ControlPlane(clients, hosts, options),
        WebSearcher(clients, hosts, options),
        refresher,
        lambda: found,
    )


def accounts() -> Iterator[Credential]:
    """Make two accounts with keys, which need no service to sign in."""
    for name in ("first", "second"):
        yield Credential(name, "api-key", api_key=Secret(f"ksk_{name}"))


@asynccontextmanager
async def gateway(kiro: Kiro) -> AsyncIterator[House]:
    """Open a gateway with its state in memory."""
    found = Found("here", tuple(accounts()))
    loaded = Loaded(replace(Settings(), state=StateSettings(path="")))
    generations = Generations(LenientPaths(Door(APP), APP.routes))
    shared = lasting(loaded, found, Questions(generations.ways))
    built = build(loaded, shared, ways_to(kiro, found))
    await shared.pool.start()
    await generations.begin(built)
    try:
        yield House(generations, shared)
    finally:
        await generations.idle()
        await shared.pool.stop()
        await generations.close()

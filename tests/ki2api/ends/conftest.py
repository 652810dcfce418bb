"""The whole gateway in this process, on a simulator, and requests that are cut off anywhere."""

import asyncio
import re
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Generator,
    Iterator,
    Mapping,
)
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import loguru
import msgspec
import pytest
from msgspec.structs import replace

from ki2api.accounts.account import Credential
from ki2api.accounts.sources import Found
from ki2api.reload.generations import House, opened
from ki2api.settings import Loaded, Settings, StateSettings, UpstreamSettings
from ki2api.simulator import Simulator, SimulatorOptions
from ki2api.transport import Direct
from ki2api.web.departure import Departure
from pipeline import Secret

KEY = "ki2api-key-2024"
PATIENCE = 500
"""Turns of the loop in which all that a request began must have ended."""
PROBE = '''"""Says when a flow was closed."""

from pipeline import Stage


class Probe(Stage):
    """Held open by each flow."""

    name = "probe"

    async def __call__(self, flow, call_next):
        await flow.hold(Held(flow))
        await call_next(flow)


class Held:
    """Logs the end of the flow that holds it."""

    def __init__(self, flow):
        self.flow = flow

    async def __aenter__(self):
        self.flow.log.info("probe: opened")

    async def __aexit__(self, *_):
        self.flow.log.info("probe: closed")
'''


class Counted:
    """Awaits a coroutine, counts its suspensions, and does something at some of them."""

    def __init__(
        self, work: Coroutine[Any, Any, None], at: Mapping[int, Callable[[], object]]
    ) -> None:
        self._work = work
        self._at = at
        self.suspensions = 0

    def __await__(self) -> Generator[Any, Any, None]:
        step: Callable[[], Any] = partial(self._work.send, None)
        while True:
            try:
                awaited = step()
            except StopIteration:
                return
            if act := self._at.get(self.suspensions):
                act()
            self.suspensions += 1
            try:
                sent = yield awaited
            except BaseException as error:  # noqa: BLE001 - passed on as it is
                step = partial(self._work.throw, error)
            else:
                step = partial(self._work.send, sent)


class Client:
    """One request to the app; what happens at which of its suspensions is the test's choice."""

    def __init__(self, here: "Here", path: str, body: dict[str, Any]) -> None:
        self._here = here
        self._path = path
        self._body = [msgspec.json.encode(body)]
        self._departure = Departure()
        self.sent: list[Any] = []

    async def run(self, at: Collection[tuple[int, str]] = ()) -> int:
        """Ask, and return how often the request was suspended; `at` says where it is cut off."""
        ways = {
            "cancel": self._cancel,
            "leave": self._departure.happen,
            "end": self._here.last_call,
        }
        acts = {number: ways[way] for number, way in at}
        self._counted = Counted(self._asked(), acts)
        self._task = asyncio.get_running_loop().create_task(self._awaited())
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.result()
        return self._counted.suspensions

    async def _awaited(self) -> None:
        await self._counted

    def _cancel(self) -> None:
        self._task.cancel()

    async def _asked(self) -> None:
        scope: Any = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": self._path,
            "raw_path": self._path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", b"localhost"),
                (b"authorization", f"Bearer {KEY}".encode()),
                (b"content-type", b"application/json"),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "state": {},
        }
        self._departure.put_into(scope)
        await self._here.house.generations(scope, self._receive, self._send)

    async def _receive(self) -> Any:
        return {"type": "http.request", "body": self._body.pop(), "more_body": False}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)
        await asyncio.sleep(0)

    @property
    def ended(self) -> bool:
        """Whether an answer came to its end, be it by an error."""
        return bool(self.sent) and not self.sent[-1].get("more_body", True)

    @property
    def text(self) -> str:
        return b"".join(each.get("body", b"") for each in self.sent).decode()


class Here:
    """A gateway with one simulated Kiro behind it, and what must hold after each request."""

    def __init__(self, house: House, simulator: Simulator, log: list[str]) -> None:
        self.house = house
        self.simulator = simulator
        self.log = log
        self._others: set[asyncio.Task[Any]] = set()

    def client(self, path: str, body: dict[str, Any]) -> Client:
        self._others = self._others or asyncio.all_tasks()
        return Client(self, path, body)

    def last_call(self) -> None:
        """Tell the open answers that the process ends, and be ready for the next test."""
        answers = self.house.shared.answers
        answers.end_all()
        answers._closing = False

    async def settled(self) -> None:
        """Wait until nothing is under way, and say what is, where that does not end."""
        left: list[object] = []
        for turn in range(PATIENCE):
            if not (left := [*self._left_behind()]):
                return
            await asyncio.sleep(0 if turn < PATIENCE - 50 else 0.02)
        pytest.fail(f"left behind: {left}")

    def _left_behind(self) -> Iterator[object]:
        yield from (each for each in self.house.shared.pool.statuses() if each.in_flight)
        if self.house.shared.answers:
            yield "an open answer"
        yield from (task for task in asyncio.all_tasks() - self._others if not _is_kiros(task))
        yield from self._connections()
        for request in self.simulator.requests:
            if not (request.finished or request.abandoned):
                yield "Kiro still answers"

    def _connections(self) -> Iterator[object]:
        transport = self.house.generations.built.ways.clients.transport_of()
        assert isinstance(transport, Direct)
        if busy := len(transport.pool) - transport.pool.idle:
            yield f"connections: {busy}"

    def forget(self) -> None:
        """Let the next request meet Kiro and the accounts as the first one did."""
        self.simulator._world.ordered.clear()
        for member in self.house.shared.pool._members.values():
            member.mended_at = None

    def is_as_before(self) -> None:
        """No account was blamed; each flow was closed once, and told of in one line."""
        for each in self.house.shared.pool.statuses():
            assert (each.state, each.models) == ("ready", []), each
        lines = [line.split(maxsplit=1) for line in self.log if not line.startswith("- ")]
        said: dict[str, list[str]] = {}
        for flow, words in lines:
            said.setdefault(flow, []).append(words.strip())
        for told in said.values():
            assert told[:-1] in (["probe: opened", "probe: closed"], []), told
            assert re.search(r" \d+\.\d\d s\b", told[-1]), told
        self.log.clear()


def _is_kiros(task: asyncio.Task[Any]) -> bool:
    name = getattr(task.get_coro(), "__qualname__", "")
    return name.startswith("Service.") or task is asyncio.current_task()


async def some_turns(_: float) -> None:
    """Let a frame arrive before the next one is sent."""
    for _ in range(6):
        await asyncio.sleep(0)


@pytest.fixture
def log() -> Iterator[list[str]]:
    """The log from INFO on: `flow message`."""
    lines: list[str] = []
    loguru.logger.configure(extra={"flow": "-"})
    number = loguru.logger.add(lines.append, format="{extra[flow]} {message}", level="INFO")
    yield lines
    loguru.logger.remove(number)


@pytest.fixture
async def here(tmp_path: Path, log: list[str]) -> AsyncIterator[Here]:
    """Two accounts, and the default chain with a probe in its outermost place."""
    (tmp_path / "probe.py").write_text(PROBE)
    (tmp_path / "probe.py").chmod(0o600)
    options = SimulatorOptions(frame_seconds=1, sleep=some_turns)
    async with Simulator(options) as simulator, gateway(simulator, tmp_path, log) as here:
        yield here


@asynccontextmanager
async def gateway(simulator: Simulator, folder: Path, log: list[str]) -> AsyncIterator[Here]:
    urls = simulator.urls
    accounts = [simulator.add_account(name) for name in ("first", "second")]
    found = Found(
        credentials=tuple(
            Credential(each.name, "social", refresh_token=Secret(each.refresh_token))
            for each in accounts
        )
    )
    upstream = UpstreamSettings(
        api_url=urls.runtime + "/{region}",
        management_url=urls.management + "/{region}",
        fallback_url=urls.q + "/{region}",
        auth_url=urls.auth + "/{region}",
        oidc_url=urls.oidc + "/{region}",
    )
    settings = replace(
        Settings(),
        state=StateSettings(path=""),
        upstream=upstream,
        pipeline=({"stage": "probe.py", "before": "auth"},),
    )
    loaded = Loaded(settings, folder=folder)
    async with opened(loaded, found, lambda: found) as house:
        yield Here(house, simulator, log)

"""A gateway in a thread on real sockets, the official SDKs, and what they make of a fault."""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import anthropic
import httpx
import loguru
import msgspec
import openai
import pytest
from msgspec import Struct
from msgspec.structs import replace

from ki2api.accounts.account import Credential
from ki2api.accounts.sources import Found
from ki2api.cli.running import listen
from ki2api.reload.generations import House, opened
from ki2api.server import Server, configure
from ki2api.settings import Loaded, LogSettings, Settings, StateSettings, UpstreamSettings
from ki2api.simulator import Simulator, SimulatorOptions
from pipeline import Secret

KEY = "ki2api-key-2024"
PROMPT = "canary-of-the-prompt"
OK = 200
Serving: TypeAlias = tuple[str, House, asyncio.AbstractEventLoop]
Table: TypeAlias = Mapping[str, Any]
"""One table of [[pipeline]]; empty for none."""
Dialect: TypeAlias = Literal["chat", "responses", "messages"]
TOOL = {"type": "object", "properties": {"path": {"type": "string"}}}


class Seen(Struct, frozen=True):
    """What an SDK made of an answer: a reply, or an error with or without a status."""

    status: int
    """0 for an error in the middle of a stream."""
    word: str = ""
    """The error's code at OpenAI, its type at Anthropic."""
    calls: int = 0
    """How often Kiro was asked."""
    states: tuple[str, ...] = ()
    """How the accounts stand afterwards, sorted."""
    text: str = ""


class Shop:
    """The gateway, the simulated Kiro behind it, and the SDKs in front of it."""

    def __init__(self, at: Serving, simulator: Simulator, log: list[str]) -> None:
        url, house, self._loop = at
        host, _, port = url.removeprefix("http://").partition(":")
        self.address = (host, int(port))
        self.house = house
        self.simulator = simulator
        self.log = log
        self.answers: list[str] = []
        self.openai = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
        self.anthropic = anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0)

    def close(self) -> None:
        self.openai.close()
        self.anthropic.close()

    def meet(self, dialect: Dialect, *, stream: bool, orders: list[tuple[str, int, Any]]) -> Seen:
        """Ask once while Kiro is in this trouble, and say what came of it."""
        self.mend()
        for name, times, values in orders:
            self.simulator.order(name, times, **values)
        before = self._calls()
        status, word, text = _judged(lambda: self._ask(dialect, stream=stream))
        self.answers.append("" if status == OK else text)
        self.settle()
        pool = self.house.shared.pool
        states = tuple(sorted(each.state for each in pool.statuses()))
        return Seen(status, word, self._calls() - before, states, text)

    def raw(self, path: str, body: dict[str, Any], scenario: str, **values: Any) -> str:
        """Ask without any SDK, and return the whole answer."""
        self.mend()
        self.simulator.order(scenario, **values)
        headers = {"authorization": f"Bearer {KEY}"}
        url = f"http://{self.address[0]}:{self.address[1]}{path}"
        return httpx.post(url, json=body, headers=headers, trust_env=False).text

    def leave(self, path: str, body: dict[str, Any], scenario: str, **values: Any) -> Seen:
        """Ask, and close the connection when Kiro is known to have been asked."""
        self.mend()
        self.simulator.order(scenario, **values)
        before = self._calls()
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        with socket.create_connection(self.address) as wire:
            content = msgspec.json.encode(body)
            lines = [f"POST {path} HTTP/1.1", "host: localhost", f"content-length: {len(content)}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            wire.sendall("\r\n".join([*lines, "", ""]).encode() + content)
            while self._calls() == before:
                threading.Event().wait(0.005)
            if scenario == "stall" and body["stream"]:
                assert b" 200 OK" in wire.recv(65_536)
        self.settle()
        kept = self.simulator.requests[-1]
        for _ in range(500):
            if kept.abandoned:
                break
            threading.Event().wait(0.01)
        states = tuple(sorted(each.state for each in self.house.shared.pool.statuses()))
        return Seen(499 if kept.abandoned else 0, "", self._calls() - before, states)

    def told(self, pattern: str, since: int) -> str:
        """Return what the log tells from a line on; that of a request comes when all else is over."""
        for _ in range(500):
            if found := re.search(pattern, "".join(self.log[since:])):
                return found[1]
            threading.Event().wait(0.01)
        pytest.fail(f"no line tells it: {self.log[since:]}")

    def canaries(self) -> list[str]:
        """Return what is secret and yet stands in an answer or in the log."""
        secrets = [PROMPT, *(each.access_token for each in self.simulator.accounts.values())]
        secrets += [each.refresh_token for each in self.simulator.accounts.values()]
        told = "".join([*self.answers, *self.log])
        return [secret for secret in secrets if secret in told]

    def mend(self) -> None:
        """Let nothing of an earlier fault be left: each cell begins anew."""

        async def mend() -> None:
            self.simulator._world.ordered.clear()
            self.house.shared.pool.reset()
            self.house.shared.budget.__init__()  # type: ignore[misc]  # the stages hold this one
            for member in self.house.shared.pool._members.values():
                member.mended_at = None
                member.streaks.clear()

        asyncio.run_coroutine_threadsafe(mend(), self._loop).result(30)

    def settle(self) -> None:
        """Wait until nobody holds an account."""
        pool = self.house.shared.pool
        for _ in range(500):
            if (
                not any(each.in_flight for each in pool.statuses())
                and not self.house.shared.answers
            ):
                return
            threading.Event().wait(0.01)
        pytest.fail(f"still held: {pool.statuses()}")

    def _calls(self) -> int:
        refused = [each for each in self.simulator.refused if "generate" in each.path]
        return len(self.simulator.requests) + len(refused)

    def _ask(self, dialect: Dialect, *, stream: bool) -> str:
        ask = {"chat": self._chat, "responses": self._responses, "messages": self._messages}
        return ask[dialect](stream=stream)

    def _chat(self, *, stream: bool) -> str:
        asked: Any = {
            "model": "claude-sonnet-4.5",
            "messages": [{"role": "user", "content": PROMPT}],
            "tools": [{"type": "function", "function": {"name": "look", "parameters": TOOL}}],
        }
        if not stream:
            reply = self.openai.chat.completions.create(**asked)
            return str(reply.choices[0].message.content) + str(reply.choices[0].finish_reason)
        said = ""
        with self.openai.chat.completions.create(**asked, stream=True) as chunks:
            for chunk in chunks:
                for choice in chunk.choices:
                    said += f"{choice.delta.content or ''}{choice.finish_reason or ''}"
        return said

    def _responses(self, *, stream: bool) -> str:
        tool = {"type": "function", "name": "look", "parameters": TOOL, "strict": False}
        asked: Any = {"model": "claude-sonnet-4.5", "input": PROMPT, "tools": [tool]}
        if not stream:
            reply = self.openai.responses.create(**asked)
            return f"{reply.output_text}{reply.status}"
        said = ""
        with self.openai.responses.create(**asked, stream=True) as events:
            for event in events:
                said += event.delta if event.type == "response.output_text.delta" else ""
                said += "completed" if event.type == "response.completed" else ""
                if event.type == "response.failed":
                    fault = event.response.error
                    assert fault is not None
                    raise Failed(fault.code, fault.message)
        return said

    def _messages(self, *, stream: bool) -> str:
        asked: Any = {
            "model": "claude-sonnet-4.5",
            "max_tokens": 1000,
            "messages": [{"role": "user", "content": PROMPT}],
            "tools": [{"name": "look", "input_schema": TOOL}],
        }
        if not stream:
            reply = self.anthropic.messages.create(**asked)
            return f"{reply.content}{reply.stop_reason}"
        said = ""
        with self.anthropic.messages.stream(**asked) as events:
            for event in events:
                said += event.text if event.type == "text" else ""
                said += "completed" if event.type == "message_stop" else ""
        return said


class Failed(Exception):
    """The Responses API says in an event that the response failed."""


def _judged(ask: Callable[[], str]) -> tuple[int, str, str]:
    """Return the status, the word and the text of what an SDK gave or raised."""
    try:
        return 200, "", ask()
    except Failed as failed:
        word, text = failed.args
        return 0, word, text
    except openai.APIStatusError as error:
        return error.status_code, str(error.code), error.response.text
    except openai.APIError as error:
        return 0, str(error.code), str(error.body)
    except anthropic.APIStatusError as error:
        body: Any = error.body
        in_stream = error.response.status_code == OK
        return (0 if in_stream else error.status_code), body["error"]["type"], str(body)


@contextmanager
def served(simulator: Simulator, folder: Path, table: Table, **places: Any) -> Iterator[Serving]:
    """Serve in a thread until the end; `places` are of [upstream], `table` is of [[pipeline]]."""
    urls = simulator.urls
    accounts = [simulator.add_account(name) for name in ("first", "second")]
    found = Found(
        credentials=tuple(
            Credential(each.name, "social", refresh_token=Secret(each.refresh_token))
            for each in accounts
        )
    )
    usual: dict[str, Any] = {
        "api_url": urls.runtime + "/{region}",
        "management_url": urls.management + "/{region}",
        "fallback_url": "",
        "auth_url": urls.auth + "/{region}",
        "oidc_url": urls.oidc + "/{region}",
        "first_event_seconds": 0.7,
        "idle_seconds": 0.7,
    }
    settings = replace(
        Settings(),
        log=LogSettings(level="debug"),  # as the sink of these lines has it
        state=StateSettings(path=""),
        upstream=UpstreamSettings(**usual | places),
        pipeline=(dict(table),) if table else (),
    )
    begun: list[Any] = []
    ready = threading.Event()
    listening = listen("127.0.0.1", 0)
    host, port = listening.getsockname()[:2]

    async def serve() -> None:
        async with opened(Loaded(settings, folder=folder), found, lambda: found) as house:
            house.shared.pool._random = Longest()
            server = Quiet(
                configure(house.generations, host=host, port=port, drain_seconds=1),
                drain_seconds=1,
                last_call=house.shared.answers.end_all,
                draining=lambda: None,
            )
            begun.extend([house, server, asyncio.get_running_loop()])
            ready.set()
            await server.serve(sockets=[listening])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(30)
    house, server, loop = begun
    yield f"http://{host}:{port}", house, loop
    server.should_exit = True
    thread.join(30)


class Longest(Random):
    """No pause is over before somebody has looked at it."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


class Quiet(Server):
    """A server in a thread, to which no signal comes."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def open_shop(
    folder: Path = Path(),
    table: Table = MappingProxyType({}),
    kiro: Simulator | None = None,
    **places: Any,
) -> Iterator[Shop]:
    lines: list[str] = []
    loguru.logger.configure(extra={"flow": "-"})
    number = loguru.logger.add(lines.append, format="{extra[flow]} {message}", level="DEBUG")
    with (
        (kiro or Simulator(SimulatorOptions())).threaded() as simulator,
        served(simulator, folder, table, **places) as serving,
    ):
        shop = Shop(serving, simulator, lines)
        yield shop
        shop.close()
    loguru.logger.remove(number)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """One gateway with two accounts for all faults; each is forgotten before the next."""
    with open_shop() as shop:
        yield shop


@pytest.fixture
def shop_of() -> Iterator[Callable[..., Shop]]:
    """Opens a gateway of one test's own, with other places or one more stage."""
    with ExitStack() as held:
        yield lambda *args, **places: held.enter_context(open_shop(*args, **places))

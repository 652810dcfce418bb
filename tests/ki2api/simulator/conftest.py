"""A simulator over real sockets, and a caller that knows how to ask it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from typing import Any

import httpx
import msgspec
import pytest

from ki2api.kiro.framing import Decoder
from ki2api.simulator import SimAccount, Simulator, SimulatorOptions

_JSON_10 = "application/x-amz-json-1.0"
_TARGET = "AmazonCodeWhispererStreamingService.GenerateAssistantResponse"


class Events(list[tuple[str, Any]]):
    """The events of a reply: name and payload."""

    def __init__(self, stream: bytes) -> None:
        decoder = Decoder()
        frames = decoder.feed(stream)
        decoder.finish()
        super().__init__(
            (self._name(frame.headers), msgspec.json.decode(frame.payload or b"null"))
            for frame in frames
        )

    @staticmethod
    def _name(headers: Any) -> str:
        for header in (":event-type", ":exception-type", ":error-code"):
            if header in headers:
                return str(headers[header])
        raise AssertionError(headers)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self]

    def of(self, name: str) -> list[Any]:
        return [payload for found, payload in self if found == name]

    @property
    def text(self) -> str:
        return "".join(payload["content"] for payload in self.of("assistantResponseEvent"))

    @property
    def calls(self) -> list[tuple[str, Any]]:
        """The tool calls: name and arguments."""
        inputs: dict[str, str] = {}
        names: dict[str, str] = {}
        for payload in self.of("toolUseEvent"):
            id_ = payload["toolUseId"]
            names[id_] = payload["name"]
            inputs[id_] = inputs.get(id_, "") + payload.get("input", "")
        return [(names[id_], msgspec.json.decode(text)) for id_, text in inputs.items()]


class Caller:
    """Asks a simulator as one account; every request has ids of its own."""

    def __init__(self, simulator: Simulator, account: SimAccount, http: httpx.AsyncClient) -> None:
        self.simulator = simulator
        self.account = account
        self.http = http
        self._numbers = count(1)

    @property
    def headers(self) -> dict[str, str]:
        if self.account.kind == "api-key":
            return {"authorization": f"Bearer {self.account.api_key}", "tokentype": "API_KEY"}
        kind = {"tokentype": "EXTERNAL_IDP"} if self.account.kind == "external-idp" else {}
        return {"authorization": f"Bearer {self.account.access_token}", **kind}

    def body(
        self,
        text: str = "Hello",
        *,
        model: str = "claude-sonnet-4.5",
        fields: Any = None,
        history: Any = (),
        images: Any = None,
        **context: Any,
    ) -> dict[str, Any]:
        message: dict[str, Any] = {"content": text, "modelId": model, "origin": "AI_EDITOR"}
        if context:
            message["userInputMessageContext"] = context
        if images:
            message["images"] = images
        state = {
            "chatTriggerType": "MANUAL",
            "conversationId": f"conversation-{next(self._numbers)}",
            "history": list(history),
            "currentMessage": {"userInputMessage": message},
        }
        body: dict[str, Any] = {"conversationState": state}
        if self.account.profile_arn:
            body["profileArn"] = self.account.profile_arn
        if fields is not None:
            body["additionalModelRequestFields"] = fields
        return body

    async def post(
        self,
        body: Any,
        *,
        host: str = "runtime",
        region: str = "",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        root = getattr(self.simulator.urls, host) + (region and f"/{region}")
        url = f"{root}/generateAssistantResponse"
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        json = {"content-type": "application/json"}
        given = {**json, **self.headers, **(headers or {})}
        return await self.http.post(url, content=content, headers=given)

    async def post_json_10(self, body: Any, *, target: str = _TARGET, path: str = "/") -> Any:
        headers = {**self.headers, "content-type": _JSON_10, "x-amz-target": target}
        url = self.simulator.urls.runtime + path
        return await self.http.post(url, content=msgspec.json.encode(body), headers=headers)

    async def ask(self, text: str = "Hello", **rest: Any) -> httpx.Response:
        return await self.post(self.body(text, **rest))

    async def events(self, text: str = "Hello", **rest: Any) -> Events:
        response = await self.ask(text, **rest)
        assert response.status_code == 200, response.text
        return Events(response.content)

    def read(self, stream: bytes) -> Events:
        return Events(stream)


@pytest.fixture
async def opened() -> AsyncIterator[Callable[..., Awaitable[Caller]]]:
    """Open a simulator with an account `work`: options, kind and state are the test's choice."""
    async with AsyncExitStack() as held:

        async def opening(
            options: SimulatorOptions | None = None, script: Any = None, **account: Any
        ) -> Caller:
            simulator = await held.enter_async_context(
                Simulator(options or SimulatorOptions(), script)
            )
            http = await held.enter_async_context(httpx.AsyncClient(timeout=5))
            return Caller(simulator, simulator.add_account("work", **account), http)

        yield opening


@pytest.fixture
async def caller(opened: Callable[..., Awaitable[Caller]]) -> Caller:
    """A caller of a simulator with every default."""
    return await opened()


@pytest.fixture
def weather() -> dict[str, Any]:
    """The tool of every example."""
    return {
        "toolSpecification": {
            "name": "get_weather",
            "description": "Get the current weather in a given location",
            "inputSchema": {
                "json": {
                    "type": "object",
                    "properties": {
                        "location": {"type": "string"},
                        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                    },
                    "required": ["location"],
                }
            },
        }
    }

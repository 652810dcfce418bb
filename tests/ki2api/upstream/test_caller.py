"""One call in an account's name: its headers, its way out, and what its answer means."""

import re
from typing import Any

import httpx
import msgspec
import pytest

from ki2api.accounts.companion import Access
from ki2api.errors import RateLimited, UpstreamGarbled, UpstreamUnavailable
from ki2api.kiro.calls import Call
from ki2api.transport import Clients
from ki2api.upstream.caller import IDE_AGENT, REFUSAL_LIMIT, Caller, control_agent
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio
CALL = Call("GET", "/getUsageLimits", {"accept": "application/json"}, query={"profileArn": "a:b/c"})
WORK = Access("work", Secret("aoa-token"))


class Kiro:
    """Answers every request alike, and keeps what came by which proxy."""

    def __init__(self, status: int = 200, content: Any = b"{}", **headers: str) -> None:
        self.status = status
        self.stream = httpx.ByteStream(content) if isinstance(content, bytes) else content
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.requests: list[httpx.Request] = []
        self.proxies: list[str | None] = []

    def clients(self, proxy: str | None = None) -> Clients:
        def make(proxy: str | None) -> httpx.MockTransport:
            self.proxies.append(proxy)
            return httpx.MockTransport(self._handle)

        return Clients(make, proxy)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self.status, headers=self.headers, stream=self.stream)

    async def put(self, access: Access = WORK, agent: str = IDE_AGENT, call: Call = CALL) -> bytes:
        clients = self.clients()
        try:
            async with await Caller(clients, agent).put(
                "http://kiro.test/r/", call, access
            ) as exchange:
                return await exchange.read_upto(1_000)
        finally:
            await clients.aclose()


async def test_a_call_goes_out_with_the_headers_of_its_account() -> None:
    kiro = Kiro()
    assert await kiro.put() == b"{}"
    (request,) = kiro.requests
    assert str(request.url) == "http://kiro.test/r/getUsageLimits?profileArn=a%3Ab%2Fc"
    assert request.headers["authorization"] == "Bearer aoa-token"
    assert request.headers["accept"] == "application/json"
    assert re.fullmatch(
        r"aws-sdk-js/1\.0\.34 ua/2\.1 os/\w+#\S+ lang/js md/nodejs#22\.21\.1 "
        r"api/codewhispererstreaming#1\.0\.34 m/E KiroIDE-[\d.]+-[0-9a-f]{64} ki2api/\S+",
        request.headers["user-agent"],
    )
    assert re.fullmatch(
        r"aws-sdk-js/1\.0\.34 KiroIDE-[\d.]+-[0-9a-f]{64} ki2api/\S+",
        request.headers["x-amz-user-agent"],
    )
    assert {"tokentype", "accept-encoding", "content-length"}.isdisjoint(request.headers)


async def test_a_token_of_another_kind_is_named() -> None:
    kiro = Kiro()
    await kiro.put(Access("idp", Secret("t"), token_type="EXTERNAL_IDP"))
    assert kiro.requests[0].headers["tokentype"] == "EXTERNAL_IDP"


async def test_a_call_after_another_has_the_token_and_the_length_of_its_own() -> None:
    kiro, access = Kiro(), Access("work", Secret("before"))
    caller = Caller(kiro.clients(), IDE_AGENT)
    talk = Call("POST", "/talk", {"accept": "x"}, b"12345")
    for token, call in (
        ("before", talk),
        ("after", talk),
        ("after", msgspec.structs.replace(talk, body=b"")),
    ):
        access.token = Secret(token)  # as a lease takes up a new one
        await (await caller.put("http://kiro.test", call, access)).stop()
    sent = [request.headers for request in kiro.requests]
    assert [each["authorization"] for each in sent] == [
        "Bearer before",
        "Bearer after",
        "Bearer after",
    ]
    assert [each.get("content-length") for each in sent] == ["5", "5", None]
    assert len({each["amz-sdk-invocation-id"] for each in sent}) == 3


async def test_each_account_has_a_stable_machine_of_its_own() -> None:
    kiro = Kiro()
    for name in ("work", "work", "home"):
        await kiro.put(Access(name, Secret("t")), agent="{machine}")
    machines = [request.headers["user-agent"] for request in kiro.requests]
    assert machines[0] == machines[1] != machines[2]


async def test_an_account_with_a_proxy_goes_by_it_alone() -> None:
    kiro = Kiro()
    await kiro.put(Access("work", Secret("t"), proxy=Secret("http://u:p@proxy.test")))
    await kiro.put()
    assert kiro.proxies == ["http://u:p@proxy.test", None]


async def test_any_answer_but_a_200_is_raised_as_what_it_means() -> None:
    with pytest.raises(RateLimited) as refused:
        await Kiro(429, b'{"message":"Too many requests"}', retry_after="7").put()
    assert refused.value.retry_after == 7


async def test_a_redirect_is_not_followed() -> None:
    kiro = Kiro(307, location="http://elsewhere.test/")
    with pytest.raises(UpstreamGarbled):
        await kiro.put()
    assert len(kiro.requests) == 1


async def test_of_a_refusal_no_more_is_read_than_it_needs() -> None:
    read = 0

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            nonlocal read
            while True:
                read += REFUSAL_LIMIT
                yield b"x" * REFUSAL_LIMIT

    with pytest.raises(UpstreamUnavailable):
        await Kiro(500, Endless()).put()
    assert read < 16 * REFUSAL_LIMIT


def test_the_control_plane_is_told_another_api_and_the_same_name() -> None:
    agent = control_agent(IDE_AGENT)
    assert "api/codewhispererruntime#1.0.0 m/E KiroIDE-" in agent
    assert agent.endswith(" ki2api/{version}")
    assert control_agent("mine") == "mine"

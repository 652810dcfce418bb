"""Puts one call to a host in an account's name, and says what any answer but a 200 means."""

import platform
import random
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

import httpx
from msgspec import Struct

import ki2api
from ki2api.accounts.companion import Access
from ki2api.kiro.calls import Call
from ki2api.kiro.refusals import refusal
from ki2api.kiro.uuids import uuid_of
from ki2api.transport import Clients, Common, Outgoing
from ki2api.upstream.exchange import Exchange
from pipeline.secret import Secret

REFUSAL_LIMIT = 64 * 1024
"""Bytes read of a refusal; the real ones have a few hundred."""
IDE_AGENT = (
    "aws-sdk-js/1.0.34 ua/2.1 os/{os} lang/js md/nodejs#22.21.1 "
    "api/codewhispererstreaming#1.0.34 m/E KiroIDE-0.12.155-{machine} ki2api/{version}"
)
"""The form the service expects, with our own name at its end (docs/kiro.md §2.3).

IDE versions before 0.12 were refused for some kinds of login in 2026-08 (§1.12).
"""
_STREAMING_API = re.compile(r"api/codewhispererstreaming#\S+")
_CONTROL_API = "api/codewhispererruntime#1.0.0"


def control_agent(user_agent: str) -> str:
    """Return the user agent of the control plane, which names another API (docs/kiro.md §6)."""
    return _STREAMING_API.sub(_CONTROL_API, user_agent)


class _Form(Struct, frozen=True):
    """What calls of one account at one place have in common, and what it was made of."""

    method: str
    call: Mapping[str, str]
    token: Secret
    """By itself: a lease takes up a new one in the midst of its use."""
    token_type: str
    common: Common

    def serves(self, call: Call, access: Access) -> bool:
        """Tell whether this is what a call has in common with those before it."""
        known = self.token == access.token and self.token_type == access.token_type
        return known and self.method == call.method and self.call == call.headers


class Caller:
    """Makes calls by the account's own way out; redirects are never followed."""

    def __init__(self, clients: Clients, user_agent: str) -> None:
        """`user_agent` is a template with {os}, {machine} and {version}."""
        self._clients = clients
        system = f"{platform.system().lower()}#{platform.release()}"
        self._agent = user_agent.replace("{os}", system).replace("{version}", ki2api.__version__)
        self._forms: dict[tuple[str, str], _Form] = {}

    async def put(self, url: str, call: Call, access: Access) -> Exchange:
        """Make a call at a host; raises the meaning of any answer but a 200.

        What is returned has begun, and is to be stopped.
        """
        transport = self._clients.transport_of(access.proxy)
        proxy = self._clients.proxy_of(access.proxy)
        exchange = Exchange(transport, self._request(url, call, access), proxy=proxy)
        await exchange.begin()
        if exchange.status == httpx.codes.OK:
            return exchange
        async with exchange:
            words = await exchange.read_upto(REFUSAL_LIMIT)
        raise refusal(exchange.status, exchange.headers, words)

    def _request(self, url: str, call: Call, access: Access) -> Outgoing:
        place = url.rstrip("/") + call.path
        form = self._forms.get((place, access.name))
        if form is None or not form.serves(call, access):
            target = _url(place)
            common = Common(call.method, target, self._headers(target, call, access))
            form = _Form(call.method, call.headers, access.token, access.token_type, common)
            self._forms[place, access.name] = form
        common = form.common
        if call.query:
            whole = common.url.copy_merge_params(call.query)
            common = Common(call.method, whole, common.headers)
        own = [(b"amz-sdk-invocation-id", _invocation())]
        if call.body:
            own.append((b"content-length", b"%d" % len(call.body)))
        return Outgoing(common, own, call.body, self._clients.seconds)

    def _headers(self, target: httpx.URL, call: Call, access: Access) -> list[tuple[bytes, bytes]]:
        agent, short = _agents(self._agent, access.name)
        headers = {
            "host": target.netloc.decode(),
            **call.headers,
            "authorization": f"Bearer {access.token.reveal()}",
            "user-agent": agent,
            "x-amz-user-agent": short,
            "x-amzn-codewhisperer-optout": "true",
            "amz-sdk-request": "attempt=1; max=1",
        }
        if access.token_type:
            headers["tokentype"] = access.token_type
        return [(name.encode(), value.encode()) for name, value in headers.items()]


def _invocation() -> bytes:
    """Name one call; it has to differ from others, and need not be hard to guess."""
    return uuid_of(random.getrandbits(128)).encode()


@lru_cache(maxsize=64)
def _url(text: str) -> httpx.URL:
    return httpx.URL(text)


@lru_cache(maxsize=256)
def _agents(template: str, account: str) -> tuple[str, str]:
    """Return what an account says it is, whole and short."""
    agent = template.replace("{machine}", machine_id(account))
    first, last = agent.split(" ", 1)[0], agent.partition(" m/E ")[2]
    return agent, f"{first} {last}".strip()


def machine_id(account: str) -> str:
    """Return the stable 64 hex characters that the user agent carries (docs/kiro.md §1.12)."""
    return sha256(f"ki2api/{platform.node()}/{account}".encode()).hexdigest()

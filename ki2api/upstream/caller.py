"""Puts one call to a host in an account's name, and says what any answer but a 200 means."""

import platform
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from uuid import uuid4

import httpx

import ki2api
from ki2api.accounts.companion import Access
from ki2api.kiro.calls import Call
from ki2api.kiro.refusals import refusal
from ki2api.transport import Clients
from ki2api.upstream.exchange import Exchange

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


class Caller:
    """Makes calls by the account's own way out; redirects are never followed."""

    def __init__(self, clients: Clients, user_agent: str) -> None:
        """`user_agent` is a template with {os}, {machine} and {version}."""
        self._clients = clients
        system = f"{platform.system().lower()}#{platform.release()}"
        self._agent = user_agent.replace("{os}", system).replace("{version}", ki2api.__version__)

    @asynccontextmanager
    async def put(self, url: str, call: Call, access: Access) -> AsyncIterator[Exchange]:
        """Make a call at a host; raises the meaning of any answer but a 200."""
        request = httpx.Request(
            call.method,
            url.rstrip("/") + call.path,
            params=call.query or None,
            headers={**call.headers, **self._headers(access)},
            content=call.body,
            extensions=dict(self._clients.extensions),
        )
        transport = self._clients.transport_of(access.proxy)
        proxy = self._clients.proxy_of(access.proxy)
        async with Exchange(transport, request, proxy=proxy) as exchange:
            if exchange.status != httpx.codes.OK:
                raise refusal(
                    exchange.status, exchange.headers, await exchange.read_upto(REFUSAL_LIMIT)
                )
            yield exchange

    def _headers(self, access: Access) -> dict[str, str]:
        agent = self._agent.replace("{machine}", machine_id(access.name))
        first, last = agent.split(" ", 1)[0], agent.partition(" m/E ")[2]
        headers = {
            "authorization": f"Bearer {access.token.reveal()}",
            "user-agent": agent,
            "x-amz-user-agent": f"{first} {last}".strip(),
            "x-amzn-codewhisperer-optout": "true",
            "amz-sdk-invocation-id": str(uuid4()),
            "amz-sdk-request": "attempt=1; max=1",
        }
        if access.token_type:
            headers["tokentype"] = access.token_type
        return headers


def machine_id(account: str) -> str:
    """Return the stable 64 hex characters that the user agent carries (docs/kiro.md §1.12)."""
    return sha256(f"ki2api/{platform.node()}/{account}".encode()).hexdigest()

"""One request to Kiro: where it goes, what it carries, and what its status means."""

import asyncio
import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from uuid import uuid4

import httpx
import msgspec

import ki2api
from ki2api.accounts.pool import Lease
from ki2api.errors import UpstreamTimeout
from ki2api.kiro.refusals import refusal
from ki2api.upstream.pump import Pump

OPERATION = "/generateAssistantResponse"
ERROR_BODY_LIMIT = 64 * 1024
"""Bytes read of a refusal; the real ones have a few hundred."""


class UpstreamOptions(msgspec.Struct, frozen=True):
    """Where Kiro is, who we say we are, and how long it may take."""

    api_url: str
    """Template with {region}."""
    user_agent: str
    """Template with {os}, {machine} and {version}."""
    first_event_seconds: float = 300.0
    idle_seconds: float = 120.0


IDE_AGENT = (
    "aws-sdk-js/1.0.34 ua/2.1 os/{os} lang/js md/nodejs#22.21.1 "
    "api/codewhispererstreaming#1.0.34 m/E KiroIDE-0.12.155-{machine} ki2api/{version}"
)
"""The form the service expects, with our own name at its end (docs/kiro.md §2.3).

IDE versions before 0.12 were refused for some kinds of login in 2026-08 (§1.12).
"""


class KiroClient:
    """Sends composed requests and hands out their responses as byte streams."""

    def __init__(self, http: httpx.AsyncClient, options: UpstreamOptions) -> None:
        self._http = http
        self.options = options
        system = f"{platform.system().lower()}#{platform.release()}"
        self._agent = options.user_agent.replace("{os}", system).replace(
            "{version}", ki2api.__version__
        )

    @asynccontextmanager
    async def stream(self, content: bytes, lease: Lease) -> AsyncIterator[Pump]:
        """Send a request; raises the meaning of any answer that is not a stream of events."""
        request = httpx.Request(
            "POST",
            self.options.api_url.replace("{region}", lease.region) + OPERATION,
            headers=self._headers(lease),
            content=content,
        )
        pump = Pump(self._http, request)
        async with pump:
            if pump.status != httpx.codes.OK:
                body = await _error_body(pump, self.options.idle_seconds)
                raise refusal(pump.status, pump.headers, body)
            yield pump

    def _headers(self, lease: Lease) -> dict[str, str]:
        agent = self._agent.replace("{machine}", machine_id(lease.name))
        first, last = agent.split(" ", 1)[0], agent.partition(" m/E ")[2]
        headers = {
            "authorization": f"Bearer {lease.token.reveal()}",
            "content-type": "application/json",
            "accept": "application/vnd.amazon.eventstream",
            "user-agent": agent,
            "x-amz-user-agent": f"{first} {last}".strip(),
            "x-amzn-kiro-agent-mode": "vibe",
            "x-amzn-codewhisperer-optout": "true",
            "amz-sdk-invocation-id": str(uuid4()),
            "amz-sdk-request": "attempt=1; max=1",
        }
        if lease.token_type:
            headers["tokentype"] = lease.token_type
        return headers


def machine_id(account: str) -> str:
    """Return the stable 64 hex characters that the user agent carries (docs/kiro.md §1.12)."""
    return sha256(f"ki2api/{platform.node()}/{account}".encode()).hexdigest()


async def _error_body(pump: Pump, seconds: float) -> bytes:
    body = b""
    try:
        async with asyncio.timeout(seconds):
            while len(body) < ERROR_BODY_LIMIT and (more := await pump.read()):
                body += more
    except TimeoutError as error:
        raise UpstreamTimeout("Kiro began an answer and did not finish it.") from error
    return body

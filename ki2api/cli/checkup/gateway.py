"""What the gateway at work says of the accounts, and whether its port is held by another."""

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from ki2api.accounts.account import AccountStatus
from ki2api.cli.calling import SECONDS, SET_KEY, Door
from ki2api.cli.checkup.finding import Finding
from ki2api.cli.checkup.standing import LEFT_ALONE, all_rest, listed, told, used
from ki2api.web.health import Health
from ki2api.web.operations import TokenStatus, TokenUsage

_NOT_REACHED = (httpx.HTTPError, httpx.InvalidURL)
_TO_CONNECT = 1.0


def ask_gateway(door: Door) -> Iterator[Finding]:
    """Ask the gateway that is at work, since the state belongs to it."""
    try:
        answer = door.ask("GET", "/v1/token/usage")
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            text = f"the gateway at {door.url} does not take this key"
            yield Finding("Accounts", "bad", text, SET_KEY)
            return
        usages = msgspec.json.decode(answer.content, type=TokenUsage).accounts
        now = door.ask("GET", "/v1/token/status").content
        standing = msgspec.json.decode(now, type=TokenStatus)
    except (*_NOT_REACHED, msgspec.MsgspecError):
        text = f"a gateway is at work on this state, and does not answer at {door.url}"
        yield Finding("Accounts", "bad", text, "say where it is: --port N")
        return
    says = "it says:" if standing.accounts else "it has no account"
    yield Finding("Accounts", "good", f"the gateway at {door.url} is at work; {says}")
    reasons = {each.name: each.reason for each in usages}
    for status in standing.accounts:
        yield from _told(status, reasons, rests=bool(standing.resting_for))
    yield from all_rest(standing.resting_for)


def look_at_port(door: Door) -> Iterator[Finding]:
    """Tell who holds the port of a gateway that is not at work; nobody, as a rule."""
    if not _is_held(door.url):
        return
    try:
        # Without the key: whoever it is that listens there has not shown that it may see it.
        answer = httpx.get(f"{door.url}/health", timeout=SECONDS, trust_env=False)
        msgspec.json.decode(answer.content, type=Health)
    except (*_NOT_REACHED, msgspec.MsgspecError):
        text = f"something that is no Ki2API answers at {door.url}"
        yield Finding("Network", "note", text, "choose another [server] port, or stop that")
    else:
        text = f"another gateway (a demo?) is at work at {door.url}"
        yield Finding("Network", "note", text, "the accounts below are not those that it uses")


def _told(status: AccountStatus, reasons: dict[str, str], *, rests: bool) -> Iterator[Finding]:
    yield from told(status)
    if status.models_listed is not None:
        yield listed(status.name, status.models_listed)
    if status.state not in LEFT_ALONE:
        yield used(status.name, status.usage or reasons.get(status.name, ""))
    if status.state == "ready" and not rests:
        yield Finding("Accounts", "good", f"{status.name}: ready", serves=True)


def _is_held(url: str) -> bool:
    address: Any = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=_TO_CONNECT).close()
    except OSError:
        return False
    return True

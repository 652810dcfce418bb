"""Whether each account works: its token, its profile, its models and its plan."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from typing import Any

import httpx
import msgspec

from ki2api.accounts.account import AccountStatus, Credential, State
from ki2api.accounts.companion import PlanUsage
from ki2api.accounts.lease import Wish
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.sources import Found
from ki2api.accounts.statefile import StateUnreadable
from ki2api.app import lasting
from ki2api.cli.calling import Door
from ki2api.cli.checkup.finding import Finding
from ki2api.cli.plans import amount, day
from ki2api.errors import GatewayError
from ki2api.reload.questions import Questions
from ki2api.reload.ways import Ways
from ki2api.settings import Loaded

_MENDS: Mapping[State, str] = {
    "exhausted": "wait until its credits come back, or allow overage in your Kiro settings",
    "quarantined": "see what Kiro wrote to you, then: ki2api accounts reset {name}",
    "disabled": "take disabled = true away to use it",
}
_LEFT_ALONE = frozenset({"disabled", "quarantined", "needs-login"})
_LOG_IN = "log in again where it comes from ({source}), or: ki2api login --name {name}"


async def look_at_accounts(
    loaded: Loaded, credentials: Sequence[Credential], ways: Ways
) -> AsyncIterator[Finding]:
    """Ask for every account, with the state that a gateway would go on from."""
    try:
        async with _pool(loaded, credentials, ways) as pool:
            for credential in credentials:
                async for finding in _look_at(pool, credential, ways):
                    yield finding
    except StateUnreadable as error:
        yield Finding("State", "bad", str(error))


@asynccontextmanager
async def _pool(
    loaded: Loaded, credentials: Sequence[Credential], ways: Ways
) -> AsyncIterator[AccountPool]:
    questions = Questions(lambda: nullcontext(ways))
    pool = lasting(loaded, Found("", tuple(credentials)), questions).pool
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


async def _look_at(pool: AccountPool, credential: Credential, ways: Ways) -> AsyncIterator[Finding]:
    name = credential.name
    failure = "" if credential.disabled else await _token(pool, credential)
    status = next(each for each in pool.statuses() if each.name == name)
    for finding in _told(status, failure):
        yield finding
    if not failure and status.state not in _LEFT_ALONE:
        yield await _models(pool, name, ways)
        yield _usage(name, (await pool.usages(name))[name])


async def _token(pool: AccountPool, credential: Credential) -> str:
    """See to it that the account has a token; return why it has none.

    A token that works is renewed to see that this works too, unless a program owns the login: that
    one would have to log in anew.
    """
    status = next(each for each in pool.statuses() if each.name == credential.name)
    expires = status.token_expires_at
    works = expires is not None and expires > datetime.now().astimezone().timestamp()
    if credential.kind == "api-key" or (credential.origin and works):
        return ""
    return await pool.refresh(credential.name)


def _told(status: AccountStatus, failure: str = "") -> Iterator[Finding]:
    yield Finding("Accounts", "none", f"{status.name}: {status.kind}, in {status.region}")
    yield from _standing(status)
    yield from _token_told(status, failure)


def _standing(status: AccountStatus) -> Iterator[Finding]:
    if status.state in {"ready", "needs-login"}:
        return
    until = f" until {_time(status.until)}" if status.until else ""
    text = f"{status.name}: {status.state}{until}: {status.reason}"
    mend = _MENDS.get(status.state, "").format(name=status.name)
    yield Finding("Accounts", "bad" if status.state == "quarantined" else "note", text, mend)


def _token_told(status: AccountStatus, failure: str) -> Iterator[Finding]:
    if status.state == "needs-login" or failure:
        text = f"{status.name}: {failure or status.reason}"
        mend = _LOG_IN.format(source=status.source, name=status.name)
        patience = "" if status.state == "needs-login" else "try again in a while, else "
        yield Finding("Accounts", "bad", text, patience + mend)
    elif status.token_expires_at:
        text = f"{status.name}: has a token until {_time(status.token_expires_at)}"
        yield Finding("Accounts", "good", text)


async def _models(pool: AccountPool, name: str, ways: Ways) -> Finding:
    others = [each for each in pool.names() if each != name]
    try:
        lease = await pool.lease(Wish(never=others))
    except GatewayError as error:
        return Finding("Accounts", "note", f"{name}: not asked for its models: {error.detail}")
    try:
        models = await ways.companion.models(lease)
    except GatewayError as error:
        pool.release(lease, error)
        return Finding("Accounts", "bad", f"{name}: no list of models: {error.detail}")
    pool.release(lease, None, served=False)
    return _listed(name, len(models), lease.profile_arn)


def _listed(name: str, models: int, profile_arn: str = "") -> Finding:
    profile = f" by the profile {profile_arn}" if profile_arn else ""
    return Finding("Accounts", "good", f"{name}: {models} models{profile}")


def _usage(name: str, usage: PlanUsage | str) -> Finding:
    if isinstance(usage, str):
        return Finding("Accounts", "note", f"{name}: the plan's usage is not known: {usage}")
    resets = f", resets {day(usage.resets)}" if usage.resets else ""
    used = f"{amount(usage.used)} of {amount(usage.limit)} used"
    return Finding("Accounts", "good", f"{name}: {usage.plan}, {used}{resets}")


def ask_gateway(door: Door) -> Iterator[Finding]:
    """Ask the gateway that is at work, since the state belongs to it."""
    try:
        told: Any = msgspec.json.decode(door.ask("GET", "/v1/token/usage").content)
        statuses = msgspec.convert(
            msgspec.json.decode(door.ask("GET", "/v1/token/status").content)["accounts"],
            list[AccountStatus],
        )
    except (httpx.HTTPError, msgspec.MsgspecError, KeyError, TypeError):
        text = f"a gateway is at work on this state, and does not answer at {door.url}"
        yield Finding("Accounts", "bad", text, "say where it is: --port N, and its key by $API_KEY")
        return
    yield Finding("Accounts", "good", f"the gateway at {door.url} is at work; it says:")
    reasons = {each["name"]: each["reason"] for each in told["accounts"]}
    for status in statuses:
        yield from _told(status)
        if status.models_listed is not None:
            yield _listed(status.name, status.models_listed)
        if status.state not in _LEFT_ALONE:
            yield _usage(status.name, status.usage or reasons.get(status.name, ""))


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")

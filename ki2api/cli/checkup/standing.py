"""How an account stands, in findings: whoever was asked for it, the pool here or a gateway."""

import shlex
from collections.abc import Iterator, Mapping

from ki2api.accounts.account import AccountStatus, State
from ki2api.accounts.companion import PlanUsage
from ki2api.cli.checkup.finding import Finding
from ki2api.cli.moments import written
from ki2api.cli.plans import amount, day
from ki2api.cli.standings import resting

LEFT_ALONE = frozenset({"disabled", "quarantined", "needs-login"})
_MENDS: Mapping[State, str] = {
    "exhausted": "wait until its credits come back, or allow overage in your Kiro settings",
    "quarantined": "see what Kiro wrote to you, then: ki2api accounts reset {name}",
    "disabled": "take disabled = true away to use it",
}
_BY_VARIABLE = "put a new token into {source}, which hides what `ki2api login` keeps"
_BY_TABLE = (
    "put a new token into its table; or take the tables away and: ki2api login --name {name}"
)
_BY_LOGIN = "log in again where it comes from ({source}), or: ki2api login --name {name}"


def told(status: AccountStatus, failure: str = "") -> Iterator[Finding]:
    """Tell how an account stands; `failure` says why it has no new token."""
    yield Finding("Accounts", "none", f"{status.name}: {status.kind}, in {status.region}")
    yield from _standing(status)
    yield from _token(status, failure)


def listed(name: str, models: int, profile_arn: str = "", *, serves: bool = False) -> Finding:
    """Tell of an account's list of models."""
    profile = f" by the profile {profile_arn}" if profile_arn else ""
    return Finding("Accounts", "good", f"{name}: {models} models{profile}", serves=serves)


def used(name: str, usage: PlanUsage | str) -> Finding:
    """Tell what an account has used of its plan."""
    if isinstance(usage, str):
        return Finding("Accounts", "note", f"{name}: the plan's usage is not known: {usage}")
    resets = f", resets {day(usage.resets)}" if usage.resets else ""
    share = f"{amount(usage.used)} of {amount(usage.limit)} used"
    return Finding("Accounts", "good", f"{name}: {usage.plan}, {share}{resets}")


def all_rest(seconds: float) -> Iterator[Finding]:
    """Tell that no account is used for so long, if it is so."""
    if seconds:
        mend = "see what Kiro wrote to you; it ends by itself, or by: ki2api accounts reset"
        yield Finding("Accounts", "note", resting(seconds), mend)


def _standing(status: AccountStatus) -> Iterator[Finding]:
    if status.state in {"ready", "needs-login"}:
        return
    until = f" until {_time(status.until)}" if status.until else ""
    text = f"{status.name}: {status.state}{until}: {status.reason}"
    mend = _MENDS.get(status.state, "").format(name=shlex.quote(status.name))
    yield Finding("Accounts", "bad" if status.state == "quarantined" else "note", text, mend)


def _token(status: AccountStatus, failure: str) -> Iterator[Finding]:
    if status.state == "needs-login" or failure:
        text = f"{status.name}: {failure or status.reason}"
        patience = "" if status.state == "needs-login" else "try again in a while, else "
        yield Finding("Accounts", "bad", text, patience + _new_login(status))
    elif status.token_expires_at:
        text = f"{status.name}: has a token until {_time(status.token_expires_at)}"
        yield Finding("Accounts", "good", text)


def _new_login(status: AccountStatus) -> str:
    """Say how the account gets a new login: what comes earlier would hide one made elsewhere."""
    variable, _, _ = status.source.partition(",")
    if variable.startswith("KIRO_"):
        return _BY_VARIABLE.format(source=variable)
    own_table = status.source.startswith("[[accounts]]") and ": " not in status.source
    way = _BY_TABLE if own_table else _BY_LOGIN
    return way.format(source=status.source, name=shlex.quote(status.name))


def _time(moment: float) -> str:
    return written(moment, "%Y-%m-%d %H:%M")

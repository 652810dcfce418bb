"""What a caller is told when no account can serve."""

from collections.abc import Collection, Iterable
from math import ceil

from ki2api.accounts.account import Standing, State
from ki2api.accounts.member import Member
from ki2api.errors import (
    AccountRefused,
    AccountSuspended,
    GatewayError,
    ModelNotOffered,
    NoAccount,
    NoAccountLeft,
    NoSignIn,
    QuotaSpent,
)

_BUSY_SECONDS = 1.0
_WAYS = (
    "set KIRO_API_KEY to a key from app.kiro.dev",
    "run `ki2api login`",
    "log in with the Kiro IDE or kiro-cli on this machine",
    "set KIRO_REFRESH_TOKEN, or KIRO_AUTH_CONFIG to JSON or the path of a JSON file",
    "add [[accounts]] to config.toml",
)
_ALIKE: dict[State, type[GatewayError]] = {
    "exhausted": QuotaSpent,
    "quarantined": AccountSuspended,
    "needs-login": AccountRefused,
}
"""What it means when all accounts that are not disabled stand alike."""


def shortage(
    members: Collection[Member],
    fitting: Collection[Member],
    model: str,
    passed: Collection[str],
    now: float,
) -> GatewayError:
    """Say why each account cannot serve, and when the first one returns.

    `fitting` are the accounts that may have the model, `passed` those that the request may not use.
    """
    if not members:
        ways = "\n".join(f"- {way}" for way in _WAYS)
        return NoAccount(f"there is no account; add one:\n{ways}")
    if _is_offered_to_none(fitting, model):
        return ModelNotOffered(f"No account's plan offers '{model}'.", path="model")
    lines = "\n".join(f"{each.name}: {_reason(each, fitting, model, now)}" for each in members)
    soonest = _earliest(fitting, model, now)
    in_use = [each for each in fitting if each.standing.state != "disabled"]
    states = {each.standing.state for each in in_use}
    if len(states) == 1 and (alike := _ALIKE.get(next(iter(states)))):
        return alike(f"no account can serve:\n{lines}", retry_after=soonest)
    if soonest is None and "ready" not in states:
        return NoAccount(f"no account can serve before a person mends one:\n{lines}")
    others = [each for each in fitting if each.name not in passed]
    kind = NoSignIn if all(each.missed_refreshes for each in in_use) else NoAccountLeft
    return kind(
        f"no account can serve now:\n{lines}",
        retry_after=soonest,
        usable_in=_earliest(others, model, now),
    )


def pool_closed(seconds: float) -> NoAccountLeft:
    """Say why the whole pool rests."""
    return NoAccountLeft(
        "two accounts were suspended within a minute: to protect the others, none is used for "
        f"{_duration(seconds)}; a reset ends this",
        retry_after=seconds,
    )


def _is_offered_to_none(fitting: Iterable[Member], model: str) -> bool:
    able = [each for each in fitting if each.standing.state in {"ready", "cooling"}]
    offers = [each.models[model].state for each in able if model in each.models]
    return len(offers) == len(able) > 0 and set(offers) == {"exhausted"}


def _reason(member: Member, fitting: Collection[Member], model: str, now: float) -> str:
    if member.standing.state != "ready":
        return _describe(member.standing, now)
    if member not in fitting:
        return f"its plan does not list {model}"
    if model in member.models:
        return f"{model} is {_describe(member.models[model], now)}"
    if not member.has_room():
        return f"busy with {member.in_flight} requests, its max-concurrent"
    fault = f": {member.refresh_fault}" if member.refresh_fault else ""
    return f"was tried for this request{fault}"


def _describe(standing: Standing, now: float) -> str:
    """Put a standing into words, such as `cooling for 12 s: too many requests`."""
    until = "" if standing.until is None else f" for {_duration(standing.until - now)}"
    reason = f": {standing.reason}" if standing.reason else ""
    return f"{standing.state}{until}{reason}"


def _earliest(members: Iterable[Member], model: str, now: float) -> float | None:
    returns = (_return(each, model, now) for each in members)
    return min((seconds for seconds in returns if seconds is not None), default=None)


def _return(member: Member, model: str, now: float) -> float | None:
    standing = member.standing_for(model)
    if standing.until is not None:
        return standing.until - now
    busy = standing.state == "ready" and not member.has_room()
    return _BUSY_SECONDS if busy else None


def _duration(seconds: float) -> str:
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{max(1, ceil(seconds))} s"
    if seconds < 7200:  # noqa: PLR2004 - two hours
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"

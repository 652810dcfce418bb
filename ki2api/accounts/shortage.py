"""What a caller is told when no account can serve."""

from collections.abc import Collection, Iterable
from math import ceil

from ki2api.accounts.account import Standing
from ki2api.accounts.member import Member
from ki2api.errors import NoAccount, NoAccountLeft, NoSignIn

_BUSY_SECONDS = 1.0
_WAYS = (
    "set KIRO_AUTH_CONFIG (JSON or the path of a JSON file)",
    "add [[accounts]] to config.toml",
    "set KIRO_API_KEY",
    "set KIRO_REFRESH_TOKEN",
    "log in with the Kiro IDE on this machine",
)


def no_account_left(
    members: Collection[Member], passed: Collection[str], now: float
) -> NoAccountLeft:
    """Say why each account cannot serve, and when the first one returns."""
    if not members:
        ways = "\n".join(f"- {way}" for way in _WAYS)
        return NoAccount(f"there is no account; add one:\n{ways}")
    lines = "\n".join(f"{member.name}: {_reason(member, now)}" for member in members)
    soonest = _earliest(members, now)
    if soonest is None and all(member.standing.state != "ready" for member in members):
        return NoAccount(f"no account can serve before a person mends one:\n{lines}")
    others = [member for member in members if member.name not in passed]
    kind = NoSignIn if all(member.missed_refreshes for member in members) else NoAccountLeft
    return kind(
        f"no account can serve now:\n{lines}",
        retry_after=soonest,
        usable_in=_earliest(others, now),
    )


def pool_closed(seconds: float) -> NoAccountLeft:
    """Say why the whole pool rests."""
    return NoAccountLeft(
        "two accounts were suspended within a minute: to protect the others, none is used for "
        f"{_duration(seconds)}; a reset ends this",
        retry_after=seconds,
    )


def _reason(member: Member, now: float) -> str:
    if member.standing.state == "ready":
        if not member.has_room:
            return f"busy with {member.in_flight} requests, its max-concurrent"
        return "was tried for this request"
    return _describe(member.standing, now)


def _describe(standing: Standing, now: float) -> str:
    """Put a standing into words, such as `cooling for 12 s: too many requests`."""
    until = "" if standing.until is None else f" for {_duration(standing.until - now)}"
    reason = f": {standing.reason}" if standing.reason else ""
    return f"{standing.state}{until}{reason}"


def _earliest(members: Iterable[Member], now: float) -> float | None:
    return min((seconds for each in members if (seconds := _return(each, now))), default=None)


def _return(member: Member, now: float) -> float | None:
    if member.standing.until is not None:
        return member.standing.until - now
    busy = member.standing.state == "ready" and not member.has_room
    return _BUSY_SECONDS if busy else None


def _duration(seconds: float) -> str:
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{max(1, ceil(seconds))} s"
    if seconds < 7200:  # noqa: PLR2004 - two hours
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"

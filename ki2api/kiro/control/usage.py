"""What an account has used of its plan (docs/kiro.md §6.3)."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from ki2api.kiro.calls import Binding, Call
from ki2api.kiro.control.asking import ORIGIN, question
from ki2api.kiro.control.reading import document_of, label, member, members, moment, number, text

_RESOURCE = "AGENTIC_REQUEST"
_CREDITS = "CREDIT"
_LONGEST_PERIOD = 62 * 86_400.0
"""Seconds from one reset to the next, at most: plans are monthly (docs/kiro.md §6.3)."""


class Credits(Struct, frozen=True):
    """One pot of credits, and in Unix seconds when it ends, if it does."""

    kind: str
    used: float
    limit: float
    ends: float | None = None


class Usage(Struct, frozen=True):
    """The answer of getUsageLimits; `resets` is in Unix seconds."""

    plan: str = ""
    pots: tuple[Credits, ...] = ()
    resets: float | None = None
    overage: bool = False
    overage_used: float = 0.0
    email: str = ""


def usage_call(binding: Binding, profile_arn: str = "", *, with_email: bool = False) -> Call:
    """Ask what was used; the e-mail address comes only where it is asked for."""
    return question(
        "GET",
        "GetUsageLimits",
        binding,
        origin=ORIGIN,
        resourceType=_RESOURCE,
        profileArn=profile_arn,
        isEmailRequired=with_email,
    )


def read_usage(body: bytes, now: float) -> Usage:
    """Read the answer that came at `now`, in Unix seconds; raises UpstreamGarbled."""
    document = document_of(body)
    subscription = member(document, "subscriptionInfo")
    breakdown = _breakdown(document)
    overage = member(document, "overageConfiguration")
    return Usage(
        plan=label(subscription, "subscriptionTitle", "type"),
        pots=tuple(_pots(breakdown)),
        resets=_reset(breakdown, now) or _reset(document, now),
        overage=text(overage, "overageStatus").upper() == "ENABLED",
        overage_used=number(breakdown, "currentOveragesWithPrecision", "currentOverages") or 0.0,
        email=label(member(document, "userInfo"), "email"),
    )


def _breakdown(document: dict[str, Any]) -> dict[str, Any]:
    """Return the pots of the credits, else the first, else what older answers say in `limits`."""
    listed = members(document, "usageBreakdownList") or members(document, "limits")
    credits_ = (each for each in listed if text(each, "resourceType").upper() == _CREDITS)
    return next(credits_, listed[0] if listed else {})


def _reset(told: dict[str, Any], now: float) -> float | None:
    """Return when the credits come back; an account must not be put away by a date beyond that."""
    resets = moment(told, "nextDateReset")
    return resets if resets and now < resets <= now + _LONGEST_PERIOD else None


def _pots(breakdown: dict[str, Any]) -> Iterator[Credits]:
    if breakdown:
        yield _pot("plan", breakdown)
    trial = member(breakdown, "freeTrialInfo")
    if trial and _is_active(trial, "freeTrialStatus"):
        yield _pot("free trial", trial, moment(trial, "freeTrialExpiry"))
    for bonus in members(breakdown, "bonuses"):
        if _is_active(bonus, "status"):
            yield _pot("bonus", bonus, moment(bonus, "expiresAt"))


def _pot(kind: str, told: dict[str, Any], ends: float | None = None) -> Credits:
    used = number(told, "currentUsageWithPrecision", "currentUsage")
    limit = number(told, "usageLimitWithPrecision", "usageLimit", "totalUsageLimit")
    return Credits(kind, used or 0.0, limit or 0.0, ends)


def _is_active(pot: dict[str, Any], name: str) -> bool:
    return text(pot, name).upper() in {"", "ACTIVE"}

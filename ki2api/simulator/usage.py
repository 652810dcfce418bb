"""What an account has used of its plan, as getUsageLimits tells it (docs/kiro.md §6.3)."""

from datetime import datetime
from typing import Any

from ki2api.simulator.accounts import BONUS, CREDITS, TRIAL, Plan, SimAccount

_TITLES: dict[Plan, tuple[str, str]] = {
    "free": ("Q_DEVELOPER_STANDALONE_FREE", "KIRO FREE"),
    "pro": ("Q_DEVELOPER_STANDALONE_PRO", "KIRO PRO"),
    "pro-plus": ("Q_DEVELOPER_STANDALONE_PRO_PLUS", "KIRO PRO+"),
    "power": ("Q_DEVELOPER_STANDALONE_POWER", "KIRO POWER"),
}
_DECEMBER = 12
_DAY = 86_400.0


def usage_limits(account: SimAccount, now: datetime, *, with_email: bool) -> dict[str, Any]:
    """Give the whole answer of getUsageLimits."""
    reset = _next_month(now)
    type_, title = _TITLES[account.plan]
    user = {"userId": f"d-9067000000.{account.name}"}
    return {
        "limits": [],
        "nextDateReset": reset,
        "daysUntilReset": int((reset - now.timestamp()) / _DAY),
        "usageBreakdownList": [_credits(account, reset)],
        "subscriptionInfo": {
            "type": type_,
            "subscriptionTitle": title,
            "upgradeCapability": "UPGRADE_CAPABLE",
            "overageCapability": "OVERAGE_CAPABLE",
            "subscriptionManagementTarget": "MANAGE",
        },
        "overageConfiguration": {"overageStatus": "DISABLED", "overageLimit": 0},
        "userInfo": {**user, "email": account.email} if with_email else user,
    }


def _credits(account: SimAccount, reset: float) -> dict[str, Any]:
    base = min(account.used, CREDITS[account.plan])
    extra = account.used - base
    breakdown: dict[str, Any] = {
        "resourceType": "CREDIT",
        "displayName": "Credit",
        "displayNamePlural": "Credits",
        "unit": "INVOCATIONS",
        "currency": "USD",
        **_used(base, CREDITS[account.plan]),
        "currentOverages": 0,
        "currentOveragesWithPrecision": 0.0,
        "overageCap": 10_000,
        "overageCapWithPrecision": 10_000.0,
        "overageRate": 0.04,
        "overageCharges": 0.0,
        "nextDateReset": reset,
    }
    if account.trial:
        trial = {"freeTrialStatus": "ACTIVE", "freeTrialExpiry": reset}
        breakdown["freeTrialInfo"] = {**trial, **_used(min(extra, TRIAL), TRIAL)}
        extra -= min(extra, TRIAL)
    if account.bonus:
        words = {"bonusCode": "WELCOME", "displayName": "Welcome", "status": "ACTIVE"}
        amounts = {"currentUsage": extra, "usageLimit": BONUS, "expiresAt": reset}
        breakdown["bonuses"] = [{**words, **amounts}]
    return breakdown


def _used(used: float, limit: float) -> dict[str, float]:
    return {
        "currentUsage": int(used),
        "currentUsageWithPrecision": used,
        "usageLimit": int(limit),
        "usageLimitWithPrecision": float(limit),
    }


def _next_month(now: datetime) -> float:
    year, month = (now.year + 1, 1) if now.month == _DECEMBER else (now.year, now.month + 1)
    first = now.replace(year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.timestamp()

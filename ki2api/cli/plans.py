"""What accounts have used of their plans, written for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from ki2api.cli.moments import written


def told(account: Mapping[str, Any]) -> Iterator[str]:
    """Return the lines on one account of GET /v1/token/usage."""
    usage = account["usage"]
    if usage is None:
        yield f"{account['name']}: not known: {account['reason']}"
        return
    email = f", {usage['email']}" if usage["email"] else ""
    yield f"{account['name']}: {usage['plan'] or 'a plan without a name'}{email}"
    for pot in usage["pots"]:
        yield f"  {pot['kind']:<12} {amount(pot['used'])} of {amount(pot['limit'])}{_ends(pot)}"
    if usage["resets"]:
        yield f"  {'resets':<12} {day(usage['resets'])}"
    spent = f", {amount(usage['overage_used'])} used" if usage["overage_used"] else ""
    yield f"  {'overage':<12} {'on, it costs money' if usage['overage'] else 'off'}{spent}"


def amount(credits_: float) -> str:
    """Write an amount of credits with no more digits than it has."""
    return f"{credits_:,.2f}".removesuffix(".00")


def day(moment: float) -> str:
    """Write the day of a moment in Unix seconds."""
    return written(moment, "%Y-%m-%d")


def _ends(pot: Mapping[str, Any]) -> str:
    return f", until {day(pot['ends'])}" if pot["ends"] else ""

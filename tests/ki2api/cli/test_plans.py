"""What accounts have used, in words."""

from typing import Any

from ki2api.cli.plans import amount, told

MIDDAY = 1_764_590_400.0  # 2025-12-01T12:00:00Z, the same day nearly everywhere
USAGE: dict[str, Any] = {
    "plan": "KIRO PRO",
    "email": "",
    "pots": [{"kind": "plan", "used": 12.37, "limit": 1000.0, "ends": None}],
    "resets": MIDDAY,
    "overage": False,
    "overage_used": 0.0,
}


def test_a_plan_is_told_pot_by_pot() -> None:
    trial = {"kind": "free trial", "used": 0.0, "limit": 500.0, "ends": MIDDAY}
    usage = USAGE | {"pots": [*USAGE["pots"], trial], "email": "me@example.com"}
    assert list(told({"name": "work", "usage": usage})) == [
        "work: KIRO PRO, me@example.com",
        "  plan         12.37 of 1,000",
        "  free trial   0 of 500, until 2025-12-01",
        "  resets       2025-12-01",
        "  overage      off",
    ]


def test_overage_is_told_as_what_it_is() -> None:
    usage = USAGE | {"plan": "", "overage": True, "overage_used": 3.5, "resets": None}
    lines = list(told({"name": "work", "usage": usage}))
    assert lines[0] == "work: a plan without a name"
    assert lines[-1] == "  overage      on, it costs money, 3.50 used"


def test_what_is_not_known_says_why() -> None:
    account = {"name": "work", "usage": None, "reason": "Kiro is down"}
    assert list(told(account)) == ["work: not known: Kiro is down"]


def test_an_amount_has_no_more_digits_than_it_needs() -> None:
    assert [amount(each) for each in (0, 12.5, 10_000)] == ["0", "12.50", "10,000"]


def test_a_date_that_no_calendar_has_ends_nothing() -> None:
    odd = {"kind": "bonus", "used": 1e300, "limit": 0.0, "ends": -1e300}
    lines = [*told({"name": "work", "usage": USAGE | {"pots": [odd], "resets": 1e300}})]

    assert lines[1].endswith(", until at no known time")
    assert lines[2] == "  resets       at no known time"

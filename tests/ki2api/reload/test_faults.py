"""What keeps new settings and logins out of force."""

import pytest

from ki2api.reload.faults import Faults
from ki2api.reload.generations import House
from pipeline import PipelineError

pytestmark = pytest.mark.anyio


async def test_a_fault_is_told_once_and_shown_until_it_is_mended(
    house: House, log: list[str]
) -> None:
    faults = Faults(house.shared, clock=lambda: "12:00")
    faults.note("settings", PipelineError("one\ntwo"))
    faults.note("settings", PipelineError("one\ntwo"))
    assert log[-1] == ("ERROR the new settings have faults, those before stay in force: one; two\n")
    assert sum("ERROR" in line for line in log) == 1
    assert house.shared.fault == (
        "the settings have faults since 12:00, those before are in force: one; two"
    )
    assert "settings" in faults
    faults.clear("settings", "logins")
    assert log[-1] == "INFO the faults of the settings are mended\n"
    assert house.shared.fault == ""
    assert "settings" not in faults


async def test_another_fault_is_news_but_the_trouble_is_as_old_as_before(
    house: House, log: list[str]
) -> None:
    times = iter(("12:00", "12:05", "12:07"))
    faults = Faults(house.shared, clock=lambda: next(times))
    faults.note("settings", PipelineError("one"))
    faults.note("settings", PipelineError("two"))
    assert sum("ERROR" in line for line in log) == 2
    faults.note("logins", PipelineError("three"))
    assert house.shared.fault == (
        "the settings have faults since 12:00, those before are in force: two;"
        " the logins have faults since 12:07, those before are in force: three"
    )


async def test_the_health_shows_no_more_than_fits_and_the_log_has_it_all(
    house: House, log: list[str]
) -> None:
    Faults(house.shared).note("settings", PipelineError("x" * 5000))
    assert len(house.shared.fault) < 600
    assert "x" * 5000 in log[-1]


async def test_a_mistake_of_ours_is_shown_with_its_kind_and_told_with_its_trace(
    house: House, log: list[str]
) -> None:
    faults = Faults(house.shared, clock=lambda: "12:00")
    faults.note("logins", RecursionError("too deep"))
    assert house.shared.fault == (
        "the logins have faults since 12:00, those before are in force: RecursionError: too deep"
    )
    assert "RecursionError: too deep" in log[-1].splitlines()


async def test_faults_of_logins_say_so_where_there_were_none_before(
    house: House, log: list[str]
) -> None:
    Faults(house.shared).note("logins", PipelineError("one"))
    assert log[-1] == "ERROR the new logins have faults, and there is still no account: one\n"

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from ki2api.accounts.account import Credential, Origin
from ki2api.accounts.sources import AccountsUnreadable, Found, look
from pipeline.errors import SettingsError
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

KNOWN = Credential("me", "social", Secret("r"), Secret("a"), 1000.0)
IDE, CLI = Origin(Path("ide.json")), Origin(Path("cli.db"), "token")


def finding(*found: Credential) -> Callable[[], Found]:
    return lambda: Found("here", found)


async def at_once(_: float) -> None:
    """Wait for nothing."""


async def test_what_has_not_changed_is_no_news() -> None:
    assert await look(KNOWN, finding(KNOWN, structs.replace(KNOWN, name="other"))) is None


@pytest.mark.parametrize(
    "change",
    [
        {"refresh_token": Secret("new")},
        {"region": "eu-west-1"},
        {"access_token": Secret("new"), "expires_at": 2000.0},
    ],
)
async def test_another_login_and_a_newer_token_are_news(change: dict[str, Any]) -> None:
    now = structs.replace(KNOWN, **change)

    assert await look(KNOWN, finding(now)) == now


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": Secret("old"), "expires_at": 500.0},
        {"access_token": Secret("new"), "expires_at": None},
        {"access_token": Secret("a"), "expires_at": 2000.0},
        {"weight": 2},
    ],
)
async def test_an_older_token_is_no_news(change: dict[str, Any]) -> None:
    assert await look(KNOWN, finding(structs.replace(KNOWN, **change))) is None


async def test_a_token_is_news_where_there_was_none() -> None:
    before = structs.replace(KNOWN, access_token=None, expires_at=None)

    assert await look(before, finding(KNOWN)) == KNOWN


async def test_an_account_that_is_gone_does_not_take_the_only_other_one() -> None:
    other = structs.replace(KNOWN, name="other", refresh_token=Secret("x"))

    assert await look(KNOWN, finding(other)) is None


async def test_an_account_whose_file_is_away_does_not_take_what_another_place_holds() -> None:
    ide = structs.replace(KNOWN, name="account_1", source="~/ide.json", origin=IDE)
    cli = structs.replace(ide, refresh_token=Secret("x"), source="~/cli.db", origin=CLI)

    assert await look(ide, finding(cli)) is None
    assert await look(ide, finding(now := structs.replace(cli, source=ide.source))) == now


async def test_a_login_without_a_name_is_found_by_its_file_or_by_its_token() -> None:
    known = structs.replace(KNOWN, named=False, name="account_2")
    newer = structs.replace(known, name="account_1", access_token=Secret("b"), expires_at=2000.0)
    in_a_file = structs.replace(known, origin=IDE)
    rotated = structs.replace(in_a_file, name="account_1", refresh_token=Secret("new"))

    assert await look(known, finding(newer)) == structs.replace(newer, name="account_2")
    assert await look(in_a_file, finding(rotated)) == structs.replace(rotated, name="account_2")


async def test_a_number_is_no_name() -> None:
    known = structs.replace(KNOWN, named=False, name="account_1")

    assert await look(known, finding(structs.replace(known, refresh_token=Secret("x")))) is None


async def test_of_several_accounts_the_one_of_the_same_name_counts() -> None:
    other = structs.replace(KNOWN, name="other", refresh_token=Secret("x"))
    now = structs.replace(KNOWN, refresh_token=Secret("new"))

    assert await look(KNOWN, finding(other, now)) == now
    assert await look(KNOWN, finding(other, structs.replace(other, name="third"))) is None


async def test_no_account_is_no_news() -> None:
    assert await look(KNOWN, finding()) is None


async def test_a_file_that_is_just_being_written_is_read_again() -> None:
    now = structs.replace(KNOWN, refresh_token=Secret("new"))
    half = AccountsUnreadable("half")
    answers: list[Found | AccountsUnreadable] = [half, half, Found("here", (now,))]
    pauses: list[float] = []

    def find_again() -> Found:
        answer = answers.pop(0)
        if isinstance(answer, Found):
            return answer
        raise answer

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    assert await look(KNOWN, find_again, pause=pause) == now
    assert pauses == [0.05, 0.2]


@pytest.mark.parametrize("error", [AccountsUnreadable("half"), SettingsError(["half"])])
async def test_a_file_that_stays_broken_changes_nothing(error: Exception) -> None:
    looks = 0

    def find_again() -> Found:
        nonlocal looks
        looks += 1
        raise error

    assert await look(KNOWN, find_again, pause=at_once) is None
    assert looks == 4

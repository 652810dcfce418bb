import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ki2api.accounts.account import AccountConfig
from ki2api.accounts.sources import AccountsUnreadable, find
from pipeline.secret import Secret

LONG = "r" * 120


PLACES = (
    "KIRO_AUTH_CONFIG",
    "[[accounts]]",
    "KIRO_API_KEY",
    "KIRO_REFRESH_TOKEN",
    "~/logins.json",
    "~/.aws/sso/cache/kiro-auth-token.json",
    "~/.local/share/kiro-cli/data.sqlite3",
    "~/.local/share/amazon-q/data.sqlite3",
)


@pytest.mark.skipif(sys.platform != "linux", reason="paths of databases as on Linux")
@pytest.mark.parametrize("hidden", range(len(PLACES)))
def test_the_first_place_that_holds_an_account_wins_and_names_the_others(
    ide: Callable[..., Path], database: Callable[..., Path], tmp_path: Path, hidden: int
) -> None:
    variables = {
        "KIRO_AUTH_CONFIG": f'[{{"refreshToken":"{LONG}"}}]',
        "KIRO_API_KEY": "ksk_env",
        "KIRO_REFRESH_TOKEN": LONG,
    }
    shown = PLACES[hidden:]
    environ = {name: value for name, value in variables.items() if name in shown}
    tables = [AccountConfig(refresh_token=Secret(LONG))] if "[[accounts]]" in shown else []
    logins = tmp_path / "logins.json"
    if hidden <= 4:
        logins.write_text(f'[{{"refreshToken":"{LONG}"}}]')
    if hidden <= 5:
        ide(refreshToken=LONG, authMethod="social")
    rows = {"kirocli:social:token": {"refresh_token": LONG}}
    if hidden <= 6:
        database(rows)
    database(rows, path=Path(".local/share/amazon-q/data.sqlite3"))

    found = find(environ, tables, tmp_path, logins=logins)

    assert found.place == shown[0]
    assert len(found.credentials) == 1
    assert found.warnings == tuple(f"{place} is not used: {shown[0]} wins" for place in shown[1:])


def test_a_later_place_that_is_broken_is_no_fault(ide: Callable[..., Path]) -> None:
    home = ide(accessToken="a")

    found = find({"KIRO_API_KEY": "ksk_1"}, [], home)

    assert found.place == "KIRO_API_KEY"
    assert found.warnings == (f"{PLACES[5]} is not used: KIRO_API_KEY wins",)


def test_the_files_that_could_change_the_choice_are_named(ide: Callable[..., Path]) -> None:
    logins = Path("/state/logins.json")
    home = ide(refreshToken=LONG, provider="Enterprise", clientIdHash="0a1b")
    ide("0a1b", clientId="id", clientSecret="s")
    cache = home / ".aws/sso/cache"

    files = find({}, [], home, logins=logins).files

    assert files[:3] == (logins, cache / "kiro-auth-token.json", cache / "0a1b.json")
    assert [path.name for path in files[3:]] == ["profile.json"]


def test_where_no_place_holds_an_account_each_is_waited_for(tmp_path: Path) -> None:
    files = find({}, [], tmp_path).files

    cache = tmp_path / ".aws/sso/cache"
    assert {cache, cache / "kiro-auth-token.json"} < set(files)
    assert {path.name for path in files[2:]} == {"data.sqlite3", "data.sqlite3-wal"}


def test_a_place_that_cannot_be_read_names_the_files_that_may_mend_it(tmp_path: Path) -> None:
    table = AccountConfig(token_file="mine.json")

    with pytest.raises(AccountsUnreadable) as unreadable:
        find({}, [table], tmp_path, folder=tmp_path)

    assert unreadable.value.files == (tmp_path / "mine.json",)


def test_no_place_holds_an_account(tmp_path: Path) -> None:
    found = find({}, [], tmp_path)

    assert (found.place, found.credentials, found.warnings) == ("", (), ())


def test_a_broken_place_is_named_even_if_a_later_one_would_do(tmp_path: Path) -> None:
    environ = {"KIRO_AUTH_CONFIG": "[{]", "KIRO_REFRESH_TOKEN": LONG}

    with pytest.raises(
        AccountsUnreadable, match="KIRO_AUTH_CONFIG is not JSON at line 1, column 3"
    ):
        find(environ, [], tmp_path)


def test_an_empty_list_is_told_and_the_next_place_is_looked_at(tmp_path: Path) -> None:
    found = find({"KIRO_AUTH_CONFIG": "[]", "KIRO_REFRESH_TOKEN": LONG}, [], tmp_path)

    assert found.place == "KIRO_REFRESH_TOKEN"
    assert found.warnings == ("KIRO_AUTH_CONFIG lists no account, so the next place is looked at",)


def test_what_was_found_shows_no_token(tmp_path: Path) -> None:
    assert LONG not in repr(find({"KIRO_REFRESH_TOKEN": LONG}, [], tmp_path))


def test_a_broken_file_of_another_program_is_passed_over_for_a_later_place(
    ide: Callable[..., Path], database: Callable[..., Path]
) -> None:
    home = ide(accessToken="a")
    database({"kirocli:social:token": {"refresh_token": LONG}})

    found = find({}, [], home)

    assert found.place.endswith("kiro-cli/data.sqlite3")
    [warning] = found.warnings
    assert warning == (
        f"{PLACES[5]}: refreshToken is missing: log in with the Kiro IDE again; "
        f"passed over: {found.place} wins"
    )


def test_a_broken_file_of_another_program_is_the_fault_where_no_later_place_holds_an_account(
    ide: Callable[..., Path],
) -> None:
    home = ide(refreshToken=7)

    with pytest.raises(AccountsUnreadable) as unreadable:
        find({}, [], home)

    assert str(unreadable.value) == (
        f"{PLACES[5]}: refreshToken: expected str: log in with the Kiro IDE again"
    )
    assert home / ".aws/sso/cache/kiro-auth-token.json" in unreadable.value.files


def test_a_file_that_a_table_names_is_not_told_to_be_unused(
    ide: Callable[..., Path], database: Callable[..., Path]
) -> None:
    home = ide(refreshToken=LONG, authMethod="social")
    path = database({"kirocli:social:token": {"refresh_token": LONG[1:]}})

    both = [AccountConfig(token_file=PLACES[5]), AccountConfig(database=str(path))]

    assert find({}, both, home).warnings == ()
    assert find({}, both[1:], home).warnings == (f"{PLACES[5]} is not used: [[accounts]] wins",)


def test_a_key_that_kiro_would_not_give_is_doubted(tmp_path: Path) -> None:
    [warning] = find({"KIRO_API_KEY": "sk-proj-0123456789"}, [], tmp_path).warnings

    assert warning == (
        "KIRO_API_KEY: the API key of account_1 does not begin with ksk_, as keys of app.kiro.dev "
        "do: is it a key of Kiro at all?"
    )

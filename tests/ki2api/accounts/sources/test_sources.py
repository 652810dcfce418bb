from collections.abc import Callable
from pathlib import Path

import pytest

from ki2api.accounts.account import AccountConfig
from ki2api.accounts.sources import AccountsUnreadable, find
from pipeline.secret import Secret

LONG = "r" * 120


@pytest.mark.parametrize(
    ("hidden", "place"),
    [
        (0, "KIRO_AUTH_CONFIG"),
        (1, "[[accounts]]"),
        (2, "KIRO_API_KEY"),
        (3, "KIRO_REFRESH_TOKEN"),
        (4, "~/.aws/sso/cache/kiro-auth-token.json"),
    ],
)
def test_the_first_place_that_holds_an_account_wins(
    ide: Callable[..., Path], hidden: int, place: str
) -> None:
    variables = [
        ("KIRO_AUTH_CONFIG", '[{"refreshToken":"from-config"}]', 0),
        ("KIRO_API_KEY", "ksk_env", 2),
        ("KIRO_REFRESH_TOKEN", "from-env", 3),
    ]
    environ = {name: value for name, value, rank in variables if rank >= hidden}
    tables = [AccountConfig(refresh_token=Secret("from-toml"))] if hidden < 2 else []

    found = find(environ, tables, ide(refreshToken="from-ide", authMethod="social"))

    assert found.place == place
    assert len(found.credentials) == 1


def test_no_place_holds_an_account(tmp_path: Path) -> None:
    found = find({}, [], tmp_path)

    assert (found.place, found.credentials, found.warnings) == ("", (), ())


def test_a_broken_place_is_named_even_if_a_later_one_would_do(tmp_path: Path) -> None:
    environ = {"KIRO_AUTH_CONFIG": "[{]", "KIRO_REFRESH_TOKEN": LONG}

    with pytest.raises(AccountsUnreadable, match="KIRO_AUTH_CONFIG is not JSON at line 1"):
        find(environ, [], tmp_path)


def test_an_empty_list_is_told_and_the_next_place_is_looked_at(tmp_path: Path) -> None:
    found = find({"KIRO_AUTH_CONFIG": "[]", "KIRO_REFRESH_TOKEN": LONG}, [], tmp_path)

    assert found.place == "KIRO_REFRESH_TOKEN"
    assert found.warnings == ("KIRO_AUTH_CONFIG lists no account, so the next place is looked at",)


def test_what_was_found_shows_no_token(tmp_path: Path) -> None:
    assert LONG not in repr(find({"KIRO_REFRESH_TOKEN": LONG}, [], tmp_path))

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.logins import read_logins
from ki2api.accounts.sources.search import Search
from pipeline.secret import Secret

LOGIN = {
    "name": "work",
    "refreshToken": "r",
    "accessToken": "a",
    "expiresAt": "2030-01-01T00:00:00Z",
    "clientId": "id",
    "clientSecret": "s",
    "startUrl": "https://d-1.awsapps.com/start",
    "provider": "Enterprise",
    "region": "eu-west-1",
}


def test_each_login_is_an_account(searched: Callable[..., Search], tmp_path: Path) -> None:
    path = tmp_path / "logins.json"
    path.write_bytes(msgspec.json.encode([LOGIN, {"name": "me", "refreshToken": "r2"}]))

    found = read_logins(searched(logins=path))
    work, me = found.credentials

    assert (found.place, found.warnings) == ("~/logins.json", ())
    assert (work.name, work.label, work.region) == ("work", "identity-center", "eu-west-1")
    assert (work.access_token, work.expires_at) == (Secret("a"), 1893456000)
    assert (work.source, work.origin) == ("~/logins.json", None)
    assert (me.name, me.kind) == ("me", "social")


@pytest.mark.parametrize("content", [None, "[]"])
def test_no_file_and_an_empty_list_hold_nothing_and_are_waited_for(
    searched: Callable[..., Search], tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "logins.json"
    if content:
        path.write_text(content)
    search = searched(logins=path)

    found = read_logins(search)

    assert (found.credentials, found.warnings, search.files) == ((), (), [path])


def test_without_a_state_there_are_no_logins(searched: Callable[..., Search]) -> None:
    assert read_logins(searched()).credentials == ()


def test_a_broken_file_is_named(searched: Callable[..., Search], tmp_path: Path) -> None:
    (tmp_path / "logins.json").write_text("[{]")

    with pytest.raises(AccountsUnreadable, match=r"~/logins.json is not JSON at line 1, column 3"):
        read_logins(searched(logins=tmp_path / "logins.json"))

import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from ki2api.accounts.logins import Login, Logins, logins_path
from ki2api.accounts.statefile import StateUnreadable
from pipeline.secret import Secret

ME = Login(Secret("r" * 120), Secret("access"), "2025-11-22T13:00:00+00:00", name="me")
WORK = replace(ME, name="work", client_id="id", client_secret=Secret("hush"), region="eu-west-1")


@pytest.fixture
def logins(tmp_path: Path) -> Logins:
    return Logins(tmp_path / "own" / "logins.json")


def test_logins_lie_beside_the_state_file() -> None:
    assert logins_path("/var/lib/ki2api/state.json") == Path("/var/lib/ki2api/logins.json")
    assert logins_path("~/x/state.json") == Path.home() / "x" / "logins.json"
    assert logins_path("") is None


def test_what_is_added_is_there_in_its_order(logins: Logins) -> None:
    assert logins.all() == ()
    assert not logins.add(ME)
    assert not logins.add(WORK)

    assert logins.all() == (ME, WORK)


def test_a_login_of_the_same_name_takes_the_place_of_the_older_one(logins: Logins) -> None:
    again = replace(ME, refresh_token=Secret("newer"))
    logins.add(ME)

    assert logins.add(again)
    assert logins.all() == (again,)


def test_a_login_is_forgotten_by_its_name(logins: Logins) -> None:
    logins.add(ME)
    logins.add(WORK)

    assert logins.remove("me")
    assert not logins.remove("me")
    assert logins.all() == (WORK,)


def test_no_file_is_left_where_no_login_is_left(logins: Logins) -> None:
    logins.add(ME)
    logins.remove("me")

    assert not logins.path.exists()
    assert not logins.remove("me")


def test_the_file_has_the_spelling_of_the_other_places(logins: Logins) -> None:
    logins.add(WORK)
    text = logins.path.read_text()

    for word in ("refreshToken", "accessToken", "expiresAt", "clientId", "clientSecret"):
        assert f'"{word}"' in text
    assert "startUrl" not in text
    assert '"region": "eu-west-1"' in text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_can_read_it(logins: Logins) -> None:
    logins.add(ME)

    modes = [
        stat.S_IMODE(path.stat().st_mode)
        for path in (logins.path.parent, logins.path, logins.path.with_name("logins.json.lock"))
    ]
    assert modes == [0o700, 0o600, 0o600]


def test_two_commands_at_once_lose_nothing(logins: Logins) -> None:
    made = [replace(ME, name=f"me_{number}") for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        assert not any(pool.map(Logins(logins.path).add, made))

    assert {login.name for login in logins.all()} == {login.name for login in made}


@pytest.mark.parametrize("content", [b"{", b"{}", b'[{"name": 1}]', b"\xff", b'[{"name": "me"}]'])
def test_a_file_that_cannot_be_understood_is_left_alone(logins: Logins, content: bytes) -> None:
    logins.path.parent.mkdir(mode=0o700)
    logins.path.write_bytes(content)

    with pytest.raises(StateUnreadable, match="holds no logins that can be read"):
        logins.add(ME)
    with pytest.raises(StateUnreadable):
        logins.prepare()
    assert logins.path.read_bytes() == content


@pytest.mark.skipif(sys.platform == "win32", reason="Windows needs rights for links")
def test_a_link_is_not_followed(logins: Logins, tmp_path: Path) -> None:
    logins.path.parent.mkdir(mode=0o700)
    logins.path.symlink_to(tmp_path / "elsewhere.json")

    with pytest.raises(StateUnreadable, match="symbolic link"):
        logins.add(ME)
    assert not (tmp_path / "elsewhere.json").exists()


def test_no_token_shows_in_a_login() -> None:
    assert "hush" not in repr(WORK)
    assert "rrr" not in repr(WORK)

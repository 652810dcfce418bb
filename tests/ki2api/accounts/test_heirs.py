from pathlib import Path

from msgspec.structs import replace

from ki2api.accounts.account import Credential, Origin
from ki2api.accounts.heirs import heirs
from ki2api.accounts.member import Member
from pipeline.secret import Secret


def login(name: str, token: str, *, named: bool = True, path: str = "") -> Credential:
    origin = Origin(Path(path)) if path else None
    return Credential(name, "social", Secret(token), named=named, origin=origin)


def member(credential: Credential) -> Member:
    return Member(credential, 0, 0.0, 0.0)


A, B = member(login("a", "1")), member(login("b", "2"))


def test_a_login_goes_on_under_another_name_and_its_name_goes_to_nobody() -> None:
    assert heirs([login("a", "3"), login("c", "1")], [A, B], []) == {"c": A}


def test_another_login_follows_the_one_of_its_name() -> None:
    assert heirs([login("b", "3")], [A, B], []) == {"b": B}


def test_a_number_is_followed_by_nobody_unless_its_file_is_the_same() -> None:
    first = member(login("account_1", "1", named=False))
    second = member(login("account_2", "2", named=False, path="ide.json"))
    new = login("account_1", "3", named=False)

    assert heirs([new, login("account_2", "4", named=False)], [first, second], []) == {}
    moved = replace(new, origin=Origin(Path("ide.json")))
    assert heirs([moved], [first, second], []) == {"account_1": second}


def test_who_is_gone_comes_back_with_its_own_login_only() -> None:
    assert heirs([login("a", "1"), login("b", "3")], [], [A, B]) == {"a": A}


def test_a_login_that_stands_there_twice_goes_on_once() -> None:
    assert heirs([login("a", "1"), login("twin", "1")], [A], []) == {"a": A}

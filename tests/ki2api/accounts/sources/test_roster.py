from ki2api.accounts.account import Credential
from ki2api.accounts.sources.roster import stand_side_by_side
from ki2api.accounts.sources.search import Found
from pipeline.secret import Secret


def credential(name: str, token: str) -> Credential:
    return Credential(name, "social", Secret(token.ljust(100, "-")))


def test_accounts_without_a_name_are_numbered_by_their_place() -> None:
    found = Found("here", (credential("", "a"), credential("work", "b"), credential("", "c")))

    roster = stand_side_by_side(found)

    assert [each.name for each in roster.credentials] == ["account_1", "work", "account_3"]
    assert roster.warnings == ()


def test_a_number_is_a_name_only_where_its_place_holds_one_account() -> None:
    one, many = (credential("", "a"),), (credential("", "a"), credential("work", "b"))

    assert [each.named for each in stand_side_by_side(Found("here", one)).credentials] == [True]
    assert [each.named for each in stand_side_by_side(Found("here", many)).credentials] == [
        False,
        True,
    ]


def test_a_name_that_is_taken_gets_a_number_and_a_warning() -> None:
    names = ("x", "x", "x_2", "x")
    found = Found("here", tuple(credential(name, str(at)) for at, name in enumerate(names)))

    roster = stand_side_by_side(found)

    assert [each.name for each in roster.credentials] == ["x", "x_2", "x_2_2", "x_3"]
    assert len(roster.warnings) == 3
    assert roster.warnings[0] == "here: the name x is taken: it is now x_2"


def test_a_token_serves_one_account_only() -> None:
    found = Found("here", (credential("a", "same"), credential("b", "same")), ("earlier",))

    roster = stand_side_by_side(found)

    assert [each.name for each in roster.credentials] == ["a"]
    assert roster.warnings == ("earlier", "here: b repeats the token of a: left out")


def test_a_token_that_looks_cut_off_is_warned_about_and_kept() -> None:
    short = Credential("a", "social", Secret("aor"))
    dotted = Credential("b", "social", Secret("x" * 100 + "..."))
    key = Credential("c", "api-key", api_key=Secret("ksk_1"))
    okta = Credential("d", "external-idp", Secret("short-by-nature"))

    roster = stand_side_by_side(Found("here", (short, dotted, key, okta)))

    assert len(roster.credentials) == 4
    assert [warning.split()[5] for warning in roster.warnings] == ["a", "b"]

from collections.abc import Callable
from pathlib import Path

from ki2api.accounts.account import AccountConfig
from ki2api.accounts.sources import survey
from ki2api.accounts.sources.search import Search
from ki2api.accounts.sources.survey import Report, survey_places

LONG = "r" * 120
TOKEN = {"kirocli:social:token": {"refresh_token": LONG}}


def states(reports: tuple[Report, ...]) -> dict[str, str]:
    return {report.place: report.state for report in reports}


def test_every_place_is_reported_in_its_order(searched: Callable[..., Search]) -> None:
    reports = survey_places(searched(logins=Path("/state/logins.json")))

    assert [(report.place, report.path) for report in reports] == [
        ("KIRO_AUTH_CONFIG", ""),
        ("[[accounts]]", ""),
        ("KIRO_API_KEY", ""),
        ("KIRO_REFRESH_TOKEN", ""),
        ("ki2api login", "/state/logins.json"),
        ("the Kiro IDE", "~/.aws/sso/cache/kiro-auth-token.json"),
        ("kiro-cli", "~/.local/share/kiro-cli/data.sqlite3"),
        ("Amazon Q", "~/.local/share/amazon-q/data.sqlite3"),
    ]
    assert {report.state for report in reports} == {"empty"}


def test_the_first_place_is_used_and_the_others_are_passed_over(
    searched: Callable[..., Search], ide: Callable[..., Path], database: Callable[..., Path]
) -> None:
    ide(refreshToken=LONG, authMethod="social")
    database(TOKEN)

    reports = survey_places(searched({"KIRO_API_KEY": "ksk_1"}))

    assert states(reports) == {
        "KIRO_AUTH_CONFIG": "empty",
        "[[accounts]]": "empty",
        "KIRO_API_KEY": "used",
        "KIRO_REFRESH_TOKEN": "empty",
        "ki2api login": "empty",
        "the Kiro IDE": "passed-over",
        "kiro-cli": "passed-over",
        "Amazon Q": "empty",
    }
    assert reports[5].problem == "KIRO_API_KEY wins"
    assert (reports[2].credentials[0].name, reports[5].credentials[0].name) == (
        "account_1",
        "account_1",
    )


def test_what_cannot_be_read_is_told_and_wins_over_what_comes_after(
    searched: Callable[..., Search], tmp_path: Path, database: Callable[..., Path]
) -> None:
    (tmp_path / "logins.json").write_text("[{}]")
    database(TOKEN)

    reports = survey_places(searched(logins=tmp_path / "logins.json"))

    assert (reports[4].state, reports[6].state) == ("unreadable", "passed-over")
    assert reports[4].problem == (
        "~/logins.json, account 1: refreshToken is missing: run `ki2api login` anew, or remove the"
        " file"
    )
    assert reports[6].problem == "ki2api login wins"


def test_a_broken_file_of_another_program_wins_over_nothing(
    searched: Callable[..., Search], ide: Callable[..., Path], database: Callable[..., Path]
) -> None:
    ide(accessToken="a")
    database(TOKEN)

    reports = survey_places(searched())

    assert (reports[5].state, reports[6].state) == ("unreadable", "used")
    assert reports[5].problem == (
        "~/.aws/sso/cache/kiro-auth-token.json: refreshToken is missing: "
        "log in with the Kiro IDE again"
    )


def test_what_is_broken_after_the_winner_is_told_too(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    ide(accessToken="a")

    reports = survey_places(searched({"KIRO_API_KEY": "ksk_1"}))

    assert (reports[2].state, reports[5].state) == ("used", "unreadable")


def test_the_file_of_a_variable_is_shown_only_where_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    path.write_text("[]")

    here = survey({"KIRO_AUTH_CONFIG": str(path)}, [], tmp_path)[0]
    hush = survey({"KIRO_AUTH_CONFIG": "hush"}, [], tmp_path)[0]

    assert (here.path, here.state) == ("~/accounts.json", "empty")
    assert "lists no account" in here.warnings[0]
    assert (hush.path, hush.state) == ("", "unreadable")
    assert "hush" not in repr(hush)


def test_a_login_under_another_name_is_shown_by_its_own_path(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    ide("other", refreshToken=LONG, authMethod="social")

    assert survey_places(searched())[5].path == "~/.aws/sso/cache/other.json"


def test_a_report_warns_of_what_looks_wrong(tmp_path: Path) -> None:
    environ = {"KIRO_REFRESH_TOKEN": "short"}

    report = survey(environ, [AccountConfig(token_file="x.json")], tmp_path)[3]

    assert "looks cut off" in report.warnings[0]

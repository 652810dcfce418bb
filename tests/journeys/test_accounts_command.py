"""`ki2api accounts` beside a running gateway: what is seen, and what can be done."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from ki2api.simulator import Simulator

HELLO = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Hi"}]}


class Desk:
    """A gateway with two accounts, and the command line beside it."""

    def __init__(self, gateway: Any, simulator: Simulator, launch: Any, folder: Path) -> None:
        self.gateway = gateway
        self.accounts = simulator.accounts
        self._launch = launch
        self._folder = folder

    def ask(self) -> int:
        with self.gateway.http() as http:
            answer: httpx.Response = http.post("/v1/chat/completions", json=HELLO)
        return answer.status_code

    def run(self, *arguments: str, **environ: str) -> tuple[int, str]:
        port = self.gateway.url.rpartition(":")[2]
        command = ["accounts", *arguments, "--port", port]
        process = self._launch(command, self._folder, environ)
        status = process.process.wait(30)
        process.stop()
        return status, process.text

    def done(self, *arguments: str) -> str:
        status, text = self.run(*arguments)
        assert status == 0, text
        return text


@pytest.fixture
def desk(simulator: Simulator, start: Any, launch: Any, tmp_path: Path) -> Desk:
    simulator.add_account("work", trial=True, used=12.37)
    simulator.add_account("home", kind="builder-id")
    tables = "".join(
        f'[[accounts]]\nname = "{account.name}"\nrefresh-token = "{account.refresh_token}"\n'
        + (
            f'client-id = "{account.client_id}"\nclient-secret = "{account.client_secret}"\n'
            'start-url = "https://view.awsapps.com/start"\n'
            if account.client_id
            else ""
        )
        for account in simulator.accounts.values()
    )
    return Desk(start(simulator, accounts=tables), simulator, launch, tmp_path)


@pytest.fixture
def calm(house: Any, launch: Any, tmp_path: Path) -> Desk:
    """The same beside a gateway of all these tests, for those that change nothing."""
    gateway, simulator = house
    return Desk(gateway, simulator, launch, tmp_path)


def test_accounts_are_a_table_of_80_columns_with_the_reasons_below(desk: Desk) -> None:
    desk.accounts["work"].exhaust()
    desk.accounts["home"].suspend()
    desk.ask()
    lines = desk.done().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["account", "kind", "state", "returns", "asked", "used"]
    assert lines[1].split()[:3] == ["work", "social", "exhausted"]
    assert lines[2].split()[:3] == ["home", "builder-id", "quarantined"]
    assert lines[4].startswith("work: ")
    assert lines[5].startswith("home: ")


def test_json_has_all_that_is_known(desk: Desk) -> None:
    told = msgspec.json.decode(desk.done("--json"))["accounts"]
    work, home = told
    assert (work["name"], work["kind"], work["state"]) == ("work", "social", "ready")
    assert work["since"] is None
    assert work["region"] == "us-east-1"
    assert home["kind"] == "builder-id"


def test_without_accounts_a_sentence_is_printed(
    start: Any, launch: Any, simulator: Simulator, tmp_path: Path
) -> None:
    desk = Desk(start(simulator, accounts=""), simulator, launch, tmp_path)
    assert desk.done().startswith("No account is configured.")


def test_usage_is_asked_of_kiro_and_the_address_only_told_who_wants_it(desk: Desk) -> None:
    text = desk.done("usage")
    assert "work: KIRO PRO\n  plan         12.37 of 1,000\n  free trial   0 of 500" in text
    assert "home: KIRO PRO" in text
    assert "@" not in text
    assert "home@example.com" in desk.done("usage", "home", "--email")
    assert "home" not in desk.done("usage", "work")
    usages = msgspec.json.decode(desk.done("usage", "--json"))["accounts"]
    assert usages[0]["usage"]["plan"] == "KIRO PRO"


def test_usage_that_is_not_known_says_why(desk: Desk) -> None:
    desk.accounts["work"].suspend()
    assert desk.ask() == 200
    assert "work: not known: " in desk.done("usage", "work")


def test_a_refresh_gets_a_new_token_or_says_why_not(desk: Desk) -> None:
    assert "work has a new token" in desk.done("refresh", "work")
    assert desk.accounts["work"].refreshes == 1
    desk.accounts["work"].revoke()
    status, text = desk.run("refresh", "work")
    assert status == 1
    assert "work has no new token: " in text


def test_a_refresh_of_an_account_that_rests_says_until_when_and_what_ends_it(desk: Desk) -> None:
    desk.accounts["work"].throttle(1, retry_after=90)
    desk.ask()
    text = desk.done("refresh", "work")
    assert "work has a new token" in text
    assert "But it is cooling for " in text
    assert "ki2api accounts reset work" in text


def test_watching_and_json_do_not_go_together(calm: Desk) -> None:
    status, text = calm.run("--watch", "--json")
    assert status == 2
    assert "choose one" in text


def test_a_reset_lets_an_account_be_tried_again(desk: Desk) -> None:
    desk.accounts["work"].suspend()
    desk.accounts["home"].suspend()
    assert desk.ask() == 429
    desk.accounts["work"].suspended = False
    assert "1 account was reset." in desk.done("reset", "work")
    assert desk.ask() == 200
    assert "1 account was reset." in desk.done("reset")
    assert "0 accounts were reset." in desk.done("reset")


def test_two_suspensions_at_once_are_seen_on_health_until_a_reset(desk: Desk) -> None:
    for account in desk.accounts.values():
        account.suspend()
    desk.ask()
    with desk.gateway.http() as http:
        reasons = http.get("/health").json()["reasons"]
        assert any("two accounts were suspended within a minute" in reason for reason in reasons)
        assert desk.done().startswith("All rest for ")
        assert 0 < msgspec.json.decode(desk.done("--json"))["resting_for"] <= 300
        desk.gateway.wait_for("WARNING.* two accounts were suspended within a minute")
        desk.done("reset")
        assert "All rest" not in desk.done()
        assert http.get("/health").json()["status"] == "ok"


@pytest.mark.parametrize("command", ["refresh", "reset", "usage"])
def test_a_name_that_is_none_is_told_with_those_there_are(calm: Desk, command: str) -> None:
    status, text = calm.run(command, "frist")
    assert status == 1
    assert "There is no account 'frist'. There are: first, second." in text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/token/refresh", 400, "invalid_request"),
        ("POST", "/v1/token/refresh?account=nobody", 404, "account_not_found"),
        ("POST", "/v1/token/reset?account=nobody", 404, "account_not_found"),
        ("GET", "/v1/token/usage?account=nobody", 404, "account_not_found"),
        ("GET", "/v1/token/usage?email=yes", 400, "invalid_request"),
        ("GET", "/v1/token/refresh", 405, "method_not_allowed"),
    ],
)
def test_the_routes_refuse_in_the_callers_shape(
    house: Any, method: str, path: str, status: int, code: str
) -> None:
    gateway, _ = house
    with gateway.http() as http:
        answer = http.request(method, path)
        assert answer.status_code == status
        assert answer.json()["error"]["code"] == code
        anthropic = http.request(method, path, headers={"anthropic-version": "2023-06-01"})
        assert anthropic.json()["type"] == "error"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/token/status"),
        ("GET", "/v1/token/usage"),
        ("POST", "/v1/token/refresh?account=first"),
        ("POST", "/v1/token/reset"),
    ],
)
def test_every_route_of_the_accounts_wants_the_key(house: Any, method: str, path: str) -> None:
    gateway, _ = house
    with gateway.http(headers={}) as stranger:
        assert stranger.request(method, path).status_code == 401


def test_usage_is_asked_at_most_once_a_minute(calm: Desk) -> None:
    with calm.gateway.http() as http:
        first, second = (http.get("/v1/token/usage").json() for _ in range(2))
    assert first["accounts"][0]["usage"]["asked_at"] == second["accounts"][0]["usage"]["asked_at"]

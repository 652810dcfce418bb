"""Several accounts behind one gateway: turns, limits, refreshes, restarts."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec

from ki2api.simulator import Simulator

ASK = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Hello"}]}


def ask(http: httpx.Client, **more: Any) -> httpx.Response:
    return http.post("/v1/chat/completions", json={**ASK, **more})


def calls(simulator: Simulator, account: str) -> int:
    """Count every question that Kiro got from an account, answered or refused."""
    refused = [request.account for request in simulator.refused if request.host == "runtime"]
    return [*(request.account for request in simulator.requests), *refused].count(account)


def served(simulator: Simulator) -> Counter[str]:
    return Counter(request.account for request in simulator.requests)


def test_nine_requests_are_spread_over_three_accounts(simulator: Simulator, start: Any) -> None:
    for name in ("a", "b", "c"):
        simulator.add_account(name)
    with start(simulator).http() as http:
        for _ in range(9):
            assert ask(http).status_code == 200
    assert [request.account for request in simulator.requests] == ["a", "b", "c"] * 3


def test_a_throttled_account_hands_over(simulator: Simulator, start: Any) -> None:
    accounts = [simulator.add_account(name) for name in ("a", "b", "c")]
    accounts[0].throttle(10_000, retry_after=60)
    gateway = start(simulator)
    with gateway.http() as http:
        for _ in range(9):
            assert ask(http).status_code == 200
    assert set(served(simulator)) == {"b", "c"}
    status = gateway.statuses()["a"]
    assert status["state"] == "cooling"
    assert status["reason"]
    assert status["until"] > status["since"]


def test_when_every_account_is_throttled_the_client_is_told_when_to_return(
    simulator: Simulator, start: Any
) -> None:
    for name in ("a", "b"):
        simulator.add_account(name).throttle(10_000, retry_after=30)
    gateway = start(simulator)
    with gateway.http() as http:
        answer = ask(http)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 30
        assert answer.json()["error"]["code"] == "rate_limit_exceeded"
        again = ask(http)
        assert again.status_code == 429
        assert [calls(simulator, name) for name in ("a", "b")] == [1, 1]
        assert http.post("/v1/token/reset", json={}).json()["reset"] == 2
    assert {status["state"] for status in gateway.statuses().values()} == {"ready"}


def test_a_hundred_parallel_requests_on_an_expired_token_cause_one_refresh(
    simulator: Simulator, start: Any
) -> None:
    account = simulator.add_account("only")
    gateway = start(simulator)

    async def a_hundred() -> list[int]:
        headers = {"authorization": "Bearer ki2api-key-2024"}
        async with (
            httpx.AsyncClient(
                base_url=gateway.url, headers=headers, trust_env=False, timeout=60
            ) as http,
            asyncio.TaskGroup() as group,
        ):
            tasks = [
                group.create_task(http.post("/v1/chat/completions", json=ASK)) for _ in range(100)
            ]
            return [(await task).status_code for task in tasks]

    assert asyncio.run(a_hundred()) == [200] * 100
    assert account.refreshes == 1
    account.expire_access()
    assert asyncio.run(a_hundred()) == [200] * 100
    assert account.refreshes == 2


def test_a_thousand_requests_cause_a_thousand_upstream_requests(
    simulator: Simulator, start: Any
) -> None:
    for name in ("a", "b"):
        simulator.add_account(name)
    gateway = start(simulator)

    async def one(http: httpx.AsyncClient, turns: asyncio.Semaphore, number: int) -> int:
        async with turns:
            answer = await http.post(
                "/v1/chat/completions", json={**ASK, "stream": number % 2 == 0}
            )
            return answer.status_code

    async def thousand() -> list[int]:
        headers = {"authorization": "Bearer ki2api-key-2024"}
        turns = asyncio.Semaphore(50)
        async with (
            httpx.AsyncClient(
                base_url=gateway.url, headers=headers, trust_env=False, timeout=120
            ) as http,
            asyncio.TaskGroup() as group,
        ):
            tasks = [group.create_task(one(http, turns, number)) for number in range(1000)]
            return [await task for task in tasks]

    assert asyncio.run(thousand()) == [200] * 1000
    assert len(simulator.requests) == 1000
    assert simulator.refused == []
    assert served(simulator) == {"a": 500, "b": 500}


def test_after_a_restart_a_rotated_token_still_works(simulator: Simulator, start: Any) -> None:
    account = simulator.add_account("only")
    seed = account.refresh_token
    listed = f'[[accounts]]\nname = "only"\nrefresh-token = "{seed}"\n'
    first = start(simulator, accounts=listed)
    with first.http() as http:
        assert ask(http).status_code == 200
    assert account.refresh_token != seed
    assert first.stop() == 0
    account.expire_access()
    second = start(simulator, accounts=listed)
    with second.http() as http:
        assert ask(http).status_code == 200
    assert second.statuses()["only"]["state"] == "ready"
    assert account.refreshes == 2


def test_the_state_file_is_private(simulator: Simulator, start: Any, tmp_path: Path) -> None:
    simulator.add_account("only")
    with start(simulator).http() as http:
        assert ask(http).status_code == 200
    state = tmp_path / "state" / "state.json"
    assert state.stat().st_mode & 0o777 == 0o600
    assert state.parent.stat().st_mode & 0o777 == 0o700


def test_a_revoked_account_is_skipped_and_shown(simulator: Simulator, start: Any) -> None:
    simulator.add_account("gone").revoke()
    simulator.add_account("well")
    gateway = start(simulator)
    with gateway.http() as http:
        for _ in range(3):
            assert ask(http).status_code == 200
    assert served(simulator) == {"well": 3}
    status = gateway.statuses()["gone"]
    assert status["state"] == "needs-login"
    assert status["reason"]


def test_a_token_kiro_refuses_is_refreshed_and_the_request_repeated(
    simulator: Simulator, start: Any
) -> None:
    account = simulator.add_account("only")
    gateway = start(simulator)
    with gateway.http() as http:
        assert ask(http).status_code == 200
        account.expire_access()
        assert ask(http).status_code == 200
    assert account.refreshes == 2


def test_a_suspended_account_is_left_alone_and_one_other_tried(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("locked").suspend()
    simulator.add_account("well")
    gateway = start(simulator)
    with gateway.http() as http:
        for _ in range(4):
            assert ask(http).status_code == 200
        refused = len(simulator.refused)
        assert ask(http).status_code == 200
    assert calls(simulator, "locked") == 1
    assert len(simulator.refused) == refused, "nothing else is asked of it either"
    assert gateway.statuses()["locked"]["state"] == "quarantined"


def test_two_suspensions_close_the_pool(simulator: Simulator, start: Any) -> None:
    for name in ("a", "b", "c"):
        simulator.add_account(name)
    simulator.accounts["a"].suspend()
    simulator.accounts["b"].suspend()
    with start(simulator).http() as http:
        refused = ask(http)
        assert refused.status_code >= 429
        assert refused.headers["x-should-retry"] == "false"
        again = ask(http)
    assert again.status_code == 429
    assert again.headers["x-should-retry"] == "false"
    assert calls(simulator, "c") == 0


def test_spent_accounts_are_skipped_until_none_is_left(simulator: Simulator, start: Any) -> None:
    first, second = simulator.add_account("first"), simulator.add_account("second")
    first.exhaust()
    gateway = start(simulator)
    with gateway.http() as http:
        assert ask(http).status_code == 200
        second.exhaust()
        spent = ask(http)
        assert spent.status_code == 429
        assert spent.headers["x-should-retry"] == "false"
        assert spent.json()["error"]["type"] == "insufficient_quota"
    assert {status["state"] for status in gateway.statuses().values()} == {"exhausted"}


def test_a_transient_fault_is_tried_again_on_a_single_account(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("only").fault("unexpected")
    with start(simulator).http() as http:
        assert ask(http).status_code == 200
    assert calls(simulator, "only") == 2


def test_no_secret_shows_anywhere(simulator: Simulator, start: Any, tmp_path: Path) -> None:
    account = simulator.add_account("only")
    gateway = start(simulator, rest='[log]\nlevel = "debug"')
    with gateway.http() as http:
        shown = [ask(http).text, ask(http, stream=True).text, http.get("/health").text]
        account.suspend()
        shown += [ask(http).text, http.get("/v1/token/status").text]
    gateway.stop()
    secrets = [account.refresh_token, account.access_token, *account.retired, *account.access]
    for secret in secrets:
        assert secret not in "".join([*shown, gateway.text])
        assert secret[:24] not in gateway.text


def test_without_an_account_it_starts_degraded_and_names_the_ways(
    simulator: Simulator, start: Any
) -> None:
    gateway = start(simulator, accounts="")
    with gateway.http() as http:
        health = http.get("/health")
        assert health.status_code == 200
        assert health.json()["status"] == "degraded"
        answer = ask(http)
    assert answer.status_code == 503
    for way in (
        "KIRO_AUTH_CONFIG",
        "[[accounts]]",
        "KIRO_API_KEY",
        "KIRO_REFRESH_TOKEN",
        "Kiro IDE",
    ):
        assert way in answer.json()["error"]["message"]
    assert "no account is configured" in gateway.text


def test_the_environment_may_hold_the_accounts(
    simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    one, two = simulator.add_account("one"), simulator.add_account("two")
    listed = [
        {"refreshToken": one.refresh_token, "name": "one"},
        {"refreshToken": two.refresh_token, "name": "two", "disabled": True},
    ]
    path = tmp_path / "auth_config.json"
    path.write_bytes(msgspec.json.encode(listed))
    for value in (path.name, msgspec.json.encode(listed).decode()):
        gateway = start(simulator, accounts="", environ={"KIRO_AUTH_CONFIG": value})
        with gateway.http() as http:
            assert ask(http).status_code == 200
        assert gateway.statuses()["two"]["state"] == "disabled"
        assert gateway.stop() == 0


def test_the_ides_token_file_is_read_and_never_written(
    simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    account = simulator.add_account("ide")
    path = tmp_path / ".aws" / "sso" / "cache" / "kiro-auth-token.json"
    path.parent.mkdir(parents=True)
    token = {
        "accessToken": "stale",
        "refreshToken": account.refresh_token,
        "profileArn": account.profile_arn,
        "expiresAt": "2025-12-31T02:32:45.144Z",
        "authMethod": "social",
        "provider": "Google",
    }
    path.write_bytes(msgspec.json.encode(token))
    before = path.read_bytes()
    with start(simulator, accounts="").http() as http:
        assert ask(http).status_code == 200
    assert path.read_bytes() == before


def test_each_account_is_blamed_for_its_own_failure_and_none_is_held(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("a").fault("exception")
    simulator.add_account("b").fault("cut", at=900)
    simulator.add_account("c")
    listed = "".join(
        f'[[accounts]]\nname = "{account.name}"\nrefresh-token = "{account.refresh_token}"\n'
        "max-concurrent = 1\n"
        for account in simulator.accounts.values()
    )
    gateway = start(simulator, accounts=listed)
    with gateway.http() as http:
        assert ask(http).status_code == 200
        statuses = gateway.statuses()
        assert [statuses[name]["state"] for name in ("b", "c")] == ["ready", "ready"]
        assert {status["in_flight"] for status in statuses.values()} == {0}
        assert [ask(http).status_code for _ in range(4)] == [200] * 4
    gateway.wait_for("account a is cooling: Kiro asks the account to pause")
    gateway.wait_for("account=c attempts=3")


def test_an_empty_reply_is_tried_once_more_also_on_a_single_account(
    simulator: Simulator, start: Any
) -> None:
    account = simulator.add_account("only")
    with start(simulator).http() as http:
        account.fault("usage-only")
        assert ask(http).status_code == 200
        account.fault("usage-only", times=2)
        twice = ask(http)
    assert twice.status_code == 502
    assert twice.headers["x-should-retry"] == "false"
    assert calls(simulator, "only") == 4


def test_a_403_in_unknown_words_is_taken_for_the_tokens(simulator: Simulator, start: Any) -> None:
    account = simulator.add_account("only")
    account.fault("refuse", status=403, type="AccessDeniedException", message="Forbidden")
    with start(simulator).http() as http:
        assert ask(http).status_code == 200
    assert account.refreshes == 2


def test_a_network_that_does_not_reach_the_sign_in_service_is_no_rate_limit(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("only")
    gateway = start(simulator, upstream='auth-url = "http://127.0.0.1:9"')
    with gateway.http() as http:
        answer = ask(http)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "upstream_unreachable", answer.text + gateway.text
    assert "127.0.0.1 cannot be reached" in answer.json()["error"]["message"]

"""What goes wrong with accounts is shown, outlives a restart, and is never gone around."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from ki2api.simulator import SimAccount, Simulator

MODEL = "claude-sonnet-4.5"
ASK = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}


def ask(http: httpx.Client, **more: Any) -> httpx.Response:
    return http.post("/v1/chat/completions", json={**ASK, **more})


def standings(gateway: Any) -> dict[str, tuple[str, str, float | None]]:
    return {
        name: (status["state"], status["reason"], status["until"])
        for name, status in gateway.statuses().items()
    }


def listed(*accounts: SimAccount) -> str:
    """Name accounts by tokens as they are now: the tables stay the same over a restart."""
    return "".join(
        f'[[accounts]]\nname = "{account.name}"\nrefresh-token = "{account.refresh_token}"\n'
        for account in accounts
    )


def test_every_standing_is_shown_and_outlives_a_restart(simulator: Simulator, start: Any) -> None:
    names = ("throttled", "spent", "suspended", "gone", "withheld", "well")
    throttled, spent, suspended, gone, withheld, well = map(simulator.add_account, names)
    tables = listed(throttled, spent, suspended, gone, withheld, well)
    throttled.throttle(10_000, retry_after=3_000)
    spent.exhaust()
    suspended.suspend()
    gone.revoke()
    withheld.fault("refuse", status=400, reason="INVALID_MODEL_ID")
    first = start(simulator, accounts=tables)
    with first.http() as http:
        assert ask(http).status_code == 429, "of one request's three attempts each found a fault"
        assert [ask(http).status_code for _ in range(3)] == [200] * 3
    before, models = standings(first), first.statuses()["withheld"]["models"]
    assert {name: state for name, (state, _, _) in before.items()} == {
        "throttled": "cooling",
        "spent": "exhausted",
        "suspended": "quarantined",
        "gone": "needs-login",
        "withheld": "ready",
        "well": "ready",
    }
    assert all(reason for name, (_, reason, _) in before.items() if name in names[:4])
    assert before["suspended"][2] is before["gone"][2] is None
    assert [(each["model"], each["state"]) for each in models] == [(MODEL, "exhausted")]
    assert first.stop() == 0
    calls = len(simulator.refused), gone.refreshes
    second = start(simulator, accounts=tables)
    afresh = [{"role": "user", "content": "Hello again"}]
    with second.http() as http:
        assert [ask(http, messages=afresh).status_code for _ in range(3)] == [200] * 3
    after = standings(second)
    assert {name: after[name] for name in names[:4]} == {name: before[name] for name in names[:4]}
    assert second.statuses()["withheld"]["models"] == models
    assert (len(simulator.refused), gone.refreshes) == calls, "none of them was asked again"
    assert {request.account for request in simulator.requests} == {"well"}


def test_a_suspicion_ends_by_itself_and_a_spent_plan_when_kiro_says(
    simulator: Simulator, start: Any
) -> None:
    suspected, spent = simulator.add_account("suspected"), simulator.add_account("spent")
    suspected.suspicious()
    spent.exhaust(overages=True)
    gateway = start(simulator)
    with gateway.http() as http:
        assert ask(http).status_code == 429
        shown = gateway.statuses()
        assert shown["suspected"]["state"] == "quarantined"
        lasts = shown["suspected"]["until"] - shown["suspected"]["since"]
        assert lasts == pytest.approx(1_800, abs=5)
        assert shown["spent"]["state"] == "exhausted"
        usage = http.get("/v1/token/usage", params={"account": "spent"}).raise_for_status().json()
    resets = usage["accounts"][0]["usage"]["resets"]
    assert gateway.statuses()["spent"]["until"] == pytest.approx(resets, abs=1)


def test_a_model_without_capacity_rests_on_its_account_and_no_other_model_does(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("only").no_capacity(MODEL, 10_000)
    gateway = start(simulator)
    with gateway.http() as http:
        crowded = ask(http)
        assert crowded.status_code == 503
        assert crowded.json()["error"]["code"] == "server_is_overloaded"
        shown = gateway.statuses()["only"]
        assert ask(http, model="claude-haiku-4.5").status_code == 200
    assert shown["state"] == "ready"
    assert [(each["model"], each["state"]) for each in shown["models"]] == [(MODEL, "cooling")]
    assert shown["models"][0]["until"] > shown["models"][0]["since"]


class Proxy:
    """A forward proxy that notes who came, and passes bytes on to where they were meant for."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listening]
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            head = client.recv(65_536)
            self.seen.append(head.decode("latin-1"))
            host, _, port = httpx.URL(head.split(b" ")[1].decode()).netloc.decode().partition(":")
            there = socket.create_connection((host, int(port)))
            self._open.append(there)
            there.sendall(head)
            threading.Thread(target=_pass_on, args=(there, client), daemon=True).start()
            _pass_on(client, there)


def _pass_on(source: socket.socket, aim: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            aim.sendall(data)
        aim.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    proxy = Proxy()
    yield proxy
    proxy.close()


def test_an_accounts_own_proxy_is_its_only_way_out(
    simulator: Simulator, start: Any, proxy: Proxy, tmp_path: Path
) -> None:
    behind, direct = simulator.add_account("behind"), simulator.add_account("direct")
    tables = (
        listed(behind)
        + f'proxy = "http://me:pass-of-the-proxy@127.0.0.1:{proxy.port}"\n'
        + listed(direct)
    )
    gateway = start(simulator, accounts=tables)
    with gateway.http() as http:
        assert [ask(http).status_code for _ in range(2)] == [200, 200]
        passed = len(proxy.seen)
        assert ask(http).status_code == 200
        tokens = "".join(proxy.seen)
        credentials = base64.b64encode(b"me:pass-of-the-proxy").decode()
        assert f"Basic {credentials}" in tokens
        for place in ("/refreshToken", "/generateAssistantResponse"):
            assert sum(place in head.split("\r\n")[0] for head in proxy.seen) == 1, place
        assert direct.refreshes == 1
        assert direct.access_token not in tokens
        proxy.close()
        answered = [request.account for request in simulator.requests]
        assert [ask(http).status_code for _ in range(4)] == [200] * 4
    assert passed <= len(proxy.seen)
    after = [request.account for request in simulator.requests][len(answered) :]
    assert set(after) == {"direct"}
    gateway.stop()
    assert "pass-of-the-proxy" not in gateway.text
    state = tmp_path / "state" / "state.json"
    assert "pass-of-the-proxy" not in state.read_text()

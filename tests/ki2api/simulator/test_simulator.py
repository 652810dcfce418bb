"""The simulator as a whole: started, stopped, in a thread, with accounts of every kind."""

from typing import Any

import httpx
import pytest

from ki2api.simulator import Ports, Simulator, SimulatorOptions


@pytest.mark.anyio
async def test_each_service_has_an_address_of_its_own() -> None:
    async with Simulator() as simulator:
        urls = simulator.urls
        assert len({urls.runtime, urls.management, urls.q, urls.auth, urls.oidc}) == 5


@pytest.mark.anyio
async def test_a_port_can_be_chosen() -> None:
    async with Simulator() as first:
        port = int(first.urls.runtime.rpartition(":")[2])
    second = Simulator()
    await second.start("127.0.0.1", Ports(runtime=port))
    assert second.urls.runtime == first.urls.runtime
    await second.stop()


@pytest.mark.anyio
async def test_nobody_listens_at_a_service_that_is_down() -> None:
    options = SimulatorOptions(down=frozenset({"runtime"}))
    async with Simulator(options) as simulator, httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(simulator.urls.runtime)
        assert (await http.get(simulator.urls.q)).status_code == 404


def test_it_runs_in_a_thread() -> None:
    with Simulator().threaded() as simulator:
        account = simulator.add_account("work")
        url = f"{simulator.urls.auth}/refreshToken"
        answer = httpx.post(url, json={"refreshToken": account.refresh_token})
        assert answer.json()["accessToken"] == account.access_token
        assert simulator.refreshes == 1
    with pytest.raises(httpx.ConnectError):
        httpx.post(url, json={})


def test_a_start_that_fails_leaves_no_thread() -> None:
    class Broken(Simulator):
        async def start(self, host: str = "", ports: Any = None) -> None:
            raise OSError("no")

    with pytest.raises(OSError, match="no"), Broken().threaded():
        pass


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("social", {"refresh_token", "profile_arn", "access_token"}),
        ("builder-id", {"refresh_token", "profile_arn", "access_token", "client_id"}),
        ("enterprise", {"refresh_token", "profile_arn", "access_token", "client_secret"}),
        ("api-key", {"api_key"}),
    ],
)
def test_an_account_has_the_credentials_of_its_kind(kind: Any, members: set[str]) -> None:
    simulator = Simulator()
    account = simulator.add_account("one", kind=kind)
    given = {
        name
        for name in ("refresh_token", "profile_arn", "access_token", "api_key")
        if getattr(account, name)
    }
    assert given == members - {"client_id", "client_secret"}
    assert bool(account.client_id) == (kind in {"builder-id", "enterprise"})
    assert simulator.accounts == {"one": account}


def test_credentials_and_state_can_be_given() -> None:
    account = Simulator().add_account("one", refresh_token="r" * 120, used=3.5, suspended=True)
    assert (account.refresh_token, account.used, account.suspended) == ("r" * 120, 3.5, True)

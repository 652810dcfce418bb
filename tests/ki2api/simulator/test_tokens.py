"""The token services rotate, count, refuse and fail as they are told."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from ki2api.simulator import SimulatorOptions
from ki2api.simulator.accounts import BUILDER_PROFILE

pytestmark = pytest.mark.anyio
Opened = Callable[..., Awaitable[Any]]


async def _social(caller: Any, token: str | None = None) -> httpx.Response:
    url = f"{caller.simulator.urls.auth}/refreshToken"
    given = caller.account.refresh_token if token is None else token
    response: httpx.Response = await caller.http.post(url, json={"refreshToken": given})
    return response


async def _oidc(caller: Any, **changed: str) -> httpx.Response:
    account = caller.account
    body = {
        "clientId": account.client_id,
        "clientSecret": account.client_secret,
        "refreshToken": account.refresh_token,
        "grantType": "refresh_token",
        **changed,
    }
    response: httpx.Response = await caller.http.post(
        f"{caller.simulator.urls.oidc}/token", json=body
    )
    return response


async def test_a_social_refresh_rotates_the_token_and_names_the_profile(caller: Any) -> None:
    first = caller.account.refresh_token
    response = await _social(caller)
    assert response.json() == {
        "accessToken": caller.account.access_token,
        "refreshToken": caller.account.refresh_token,
        "profileArn": caller.account.profile_arn,
        "expiresIn": 3600,
    }
    assert len(first) > 150
    assert caller.account.refresh_token != first
    assert caller.simulator.refreshes == caller.account.refreshes == 1
    again = await _social(caller, first)
    assert again.status_code == 400
    assert again.json() == {"message": "Invalid refresh token provided"}
    assert caller.simulator.refreshes == 1


async def test_grace_lets_a_replaced_token_work_on(opened: Opened) -> None:
    caller = await opened(SimulatorOptions(grace=True))
    first = caller.account.refresh_token
    await _social(caller)
    assert (await _social(caller, first)).status_code == 200


async def test_rotation_and_the_profile_can_be_switched_off(opened: Opened) -> None:
    caller = await opened(SimulatorOptions(rotate=False, profile_in_refresh=False))
    first = caller.account.refresh_token
    answer = (await _social(caller)).json()
    assert answer["refreshToken"] == first
    assert "profileArn" not in answer


async def test_tokens_are_the_same_for_the_same_seed(opened: Opened) -> None:
    one, two, other = [await opened(SimulatorOptions(seed=seed)) for seed in (3, 3, 4)]
    assert one.account.refresh_token == two.account.refresh_token != other.account.refresh_token


async def test_a_body_that_is_no_json_is_refused(caller: Any) -> None:
    url = f"{caller.simulator.urls.auth}/refreshToken"
    response = await caller.http.post(url, content=b"refreshToken=x")
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


@pytest.mark.parametrize(("method", "path"), [("GET", "/refreshToken"), ("POST", "/token")])
async def test_the_social_host_serves_one_operation(caller: Any, method: str, path: str) -> None:
    response = await caller.http.request(method, caller.simulator.urls.auth + path)
    assert response.status_code == 404


async def test_a_revoked_account_gets_no_token(caller: Any) -> None:
    caller.account.revoke()
    assert (await _social(caller)).status_code == 400


@pytest.mark.parametrize("kind", ["builder-id", "enterprise"])
async def test_an_oidc_refresh_brings_no_profile(opened: Opened, kind: str) -> None:
    caller = await opened(kind=kind)
    answer = (await _oidc(caller)).json()
    assert answer == {
        "accessToken": caller.account.access_token,
        "refreshToken": caller.account.refresh_token,
        "expiresIn": 3600,
    }
    assert (caller.account.profile_arn == BUILDER_PROFILE) == (kind == "builder-id")


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"refreshToken": "x"}, 400, "invalid_grant"),
        ({"grantType": "password"}, 400, "unsupported_grant_type"),
        ({"clientSecret": "x"}, 401, "invalid_client"),
    ],
)
async def test_oidc_refuses_with_its_own_words(
    opened: Opened, changed: dict[str, str], status: int, error: str
) -> None:
    caller = await opened(kind="builder-id")
    response = await _oidc(caller, **changed)
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert response.headers["x-amzn-errortype"].endswith("Exception")


async def test_an_expired_registration_is_said(opened: Opened) -> None:
    caller = await opened(kind="enterprise")
    caller.account.expire_registration()
    response = await _oidc(caller)
    assert response.headers["x-amzn-errortype"] == "ExpiredClientException"
    assert response.json()["error_description"] == "Client is expired"


async def test_an_oidc_token_is_unknown_to_the_social_host(opened: Opened) -> None:
    caller = await opened(kind="builder-id")
    assert (await _social(caller)).json() == {"message": "Invalid refresh token provided"}


async def test_an_external_provider_takes_a_form_and_answers_in_snake_case(opened: Opened) -> None:
    caller = await opened(kind="external-idp")
    form = {
        "grant_type": "refresh_token",
        "client_id": caller.account.client_id,
        "refresh_token": caller.account.refresh_token,
        "scope": "api://kiro/conversations offline_access",
    }
    url = f"{caller.simulator.urls.oidc}/oauth2/v2.0/token"
    answer = (await caller.http.post(url, data=form)).json()
    assert answer.keys() == {"access_token", "refresh_token", "expires_in"}
    refused = await caller.http.post(url, data=form)
    assert refused.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("fault", "status"),
    [("throttled", 429), ("refuse", 500), ("unauthorized", 401), ("wrong-region", 400)],
)
async def test_an_ordered_fault_of_the_token_service_comes_once(
    caller: Any, fault: str, status: int
) -> None:
    caller.account.refresh_fault(fault)
    assert (await _social(caller)).status_code == status
    assert caller.account.refreshes == 0
    assert (await _social(caller)).status_code == 200


async def test_the_token_service_can_answer_garbage(caller: Any) -> None:
    caller.account.refresh_fault("garbage")
    assert (await _social(caller)).text.startswith("<html>")


async def test_the_token_service_can_reset(caller: Any) -> None:
    caller.account.refresh_fault("reset")
    with pytest.raises(httpx.ReadError):
        await _social(caller)


async def test_the_token_service_can_keep_silent(caller: Any) -> None:
    caller.account.refresh_fault("hang")
    caller.http.timeout = 0.05
    with pytest.raises(httpx.ReadTimeout):
        await _social(caller)


async def test_the_token_service_can_be_slow(opened: Opened) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    caller = await opened(SimulatorOptions(sleep=sleep))
    caller.account.refresh_fault("slow", seconds=7)
    assert (await _social(caller)).status_code == 200
    assert waits == [7.0]


async def test_a_token_is_spent_although_its_answer_is_lost(caller: Any) -> None:
    before = caller.account.refresh_token
    caller.account.refresh_fault("lost")
    with pytest.raises(httpx.ReadError):
        await _social(caller)
    assert before in caller.account.retired


async def test_a_token_is_spent_although_its_caller_leaves(opened: Opened) -> None:
    caller = await opened(SimulatorOptions())
    before = caller.account.refresh_token
    caller.account.refresh_fault("slow", seconds=60)
    caller.http.timeout = 0.2
    with pytest.raises(httpx.ReadTimeout):
        await _social(caller)
    assert before in caller.account.retired


async def test_a_refresh_may_bring_no_new_refresh_token(opened: Opened) -> None:
    caller = await opened(kind="builder-id")
    token = caller.account.refresh_token
    caller.account.refresh_fault("keep-token")
    assert "refreshToken" not in (await _oidc(caller)).json()
    assert caller.account.refresh_token == token

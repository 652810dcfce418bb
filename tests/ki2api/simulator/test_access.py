"""Bearer tokens, token types, profiles and standings, in the words of the service."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ki2api.simulator import SimulatorOptions
from ki2api.simulator.accounts import BUILDER_PROFILE, SOCIAL_PROFILE

pytestmark = pytest.mark.anyio
Opened = Callable[..., Awaitable[Any]]
_INVALID = {"message": "The bearer token included in the request is invalid.", "reason": None}


async def test_a_request_without_a_token_is_refused(caller: Any) -> None:
    for value in ("", "Basic abc", "Bearer"):
        response = await caller.post(caller.body(), headers={"authorization": value})
        assert response.status_code == 401
    assert [refused.account for refused in caller.simulator.refused] == [""] * 3


async def test_an_unknown_token_is_invalid(caller: Any) -> None:
    response = await caller.post(caller.body(), headers={"authorization": "Bearer aoa"})
    assert (response.status_code, response.json()) == (403, _INVALID)
    assert response.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert response.headers["x-simulator-rule"] == "invalid-token"


async def test_a_token_ends_with_its_time(opened: Opened) -> None:
    now = [1_000.0]
    caller = await opened(SimulatorOptions(clock=lambda: now[0], access_seconds=60))
    assert (await caller.ask()).status_code == 200
    now[0] += 60
    assert (await caller.ask()).json() == _INVALID


async def test_a_token_can_be_ended_or_revoked(caller: Any) -> None:
    caller.account.expire_access()
    assert (await caller.ask()).json() == _INVALID


async def test_nothing_of_a_revoked_account_works(opened: Opened) -> None:
    caller = await opened(kind="api-key")
    caller.account.revoke()
    assert (await caller.ask()).json() == _INVALID


@pytest.mark.parametrize(
    ("kind", "token_type", "status"),
    [
        ("social", "API_KEY", 403),
        ("builder-id", "SSO_OIDC", 200),
        ("enterprise", "EXTERNAL_IDP", 403),
        ("external-idp", "", 403),
        ("external-idp", "external_idp", 200),
        ("api-key", "", 403),
        ("api-key", "API_KEY", 200),
    ],
)
async def test_a_token_type_belongs_to_a_kind(
    opened: Opened, kind: str, token_type: str, status: int
) -> None:
    caller = await opened(kind=kind)
    response = await caller.post(caller.body(), headers={"tokentype": token_type})
    assert response.status_code == status


async def test_keys_can_be_refused_on_the_runtime_host_alone(opened: Opened) -> None:
    caller = await opened(SimulatorOptions(keys_on_runtime=False), kind="api-key")
    assert (await caller.ask()).json() == _INVALID
    assert (await caller.post(caller.body(), host="q")).status_code == 200


async def test_a_profile_is_required_on_the_runtime_host_and_optional_on_q(caller: Any) -> None:
    bodies = [caller.body() for _ in range(2)]
    for body in bodies:
        del body["profileArn"]
    refused = await caller.post(bodies[0])
    assert refused.status_code == 400
    assert refused.json() == {"message": "profileArn is required for this request."}
    assert (await caller.post(bodies[1], host="q")).status_code == 200


@pytest.mark.parametrize("host", ["runtime", "q"])
async def test_a_wrong_profile_is_not_authorized(caller: Any, host: str) -> None:
    wrong = "arn:aws:codewhisperer:us-east-1:123456789012:profile/WRONG"
    response = await caller.post({**caller.body(), "profileArn": wrong}, host=host)
    assert response.status_code == 403
    assert response.json() == {
        "message": "User is not authorized to make this call.",
        "reason": None,
    }


async def test_a_profile_of_another_region_is_not_authorized(opened: Opened) -> None:
    caller = await opened(kind="enterprise", api_region="eu-central-1")
    body = caller.body()
    assert (await caller.post(body, region="eu-central-1")).status_code == 200
    refused = await caller.post(caller.body(), region="us-east-1")
    assert refused.json()["message"] == "User is not authorized to make this call."


async def test_there_is_no_service_in_an_unknown_region(caller: Any) -> None:
    for region, host, status in (
        ("ap-south-1", "runtime", 404),
        ("us-gov-west-1", "q", 404),
        ("us-gov-west-1", "runtime", 403),
        ("us-east-1", "runtime", 200),
    ):
        response = await caller.post(caller.body(), host=host, region=region)
        assert response.status_code == status


@pytest.mark.parametrize(
    ("kind", "arn", "message"),
    [
        ("social", SOCIAL_PROFILE, None),
        ("builder-id", BUILDER_PROFILE, None),
        ("enterprise", BUILDER_PROFILE, "The bearer token included in the request is invalid."),
        ("enterprise", SOCIAL_PROFILE, "User is not authorized to make this call."),
    ],
)
async def test_the_shared_profiles_belong_to_their_kinds(
    opened: Opened, kind: str, arn: str, message: str | None
) -> None:
    caller = await opened(kind=kind)
    response = await caller.post({**caller.body(), "profileArn": arn})
    if message is None:
        assert response.status_code == 200
    else:
        assert response.json()["message"] == message


async def test_a_suspended_account_is_told_so(caller: Any) -> None:
    caller.account.suspend()
    response = await caller.ask()
    assert response.status_code == 403
    assert "temporarily is suspended. We've locked your account" in response.json()["message"]


async def test_an_account_under_suspicion_is_told_so(caller: Any) -> None:
    caller.account.suspicious()
    response = await caller.ask()
    assert response.status_code == 429
    assert response.json()["message"].startswith("Due to suspicious activity, we are imposing")


async def test_a_spent_account_is_told_so(caller: Any) -> None:
    caller.account.exhaust()
    response = await caller.ask()
    assert response.status_code == 402
    assert response.json() == {
        "message": "You have reached the limit.",
        "reason": "MONTHLY_REQUEST_COUNT",
    }
    caller.account.exhaust(overages=True)
    assert (await caller.ask()).json()["reason"] == "OVERAGE_REQUEST_LIMIT_EXCEEDED"


async def test_a_throttled_account_recovers_after_so_many_requests(caller: Any) -> None:
    caller.account.throttle(2, retry_after=9)
    responses = [await caller.ask() for _ in range(3)]
    assert [response.status_code for response in responses] == [429, 429, 200]
    assert responses[0].headers["retry-after"] == "9"
    assert responses[0].json()["message"] == ("Too many requests, please wait before trying again.")
    caller.account.throttle(1)
    assert "retry-after" not in (await caller.ask()).headers


async def test_a_model_without_capacity_is_refused_alone(caller: Any) -> None:
    caller.account.no_capacity("claude-opus-5", 1)
    assert (await caller.ask()).status_code == 200
    crowded = await caller.ask(model="claude-opus-5")
    assert (crowded.status_code, crowded.json()["reason"]) == (429, "INSUFFICIENT_MODEL_CAPACITY")
    assert (await caller.ask(model="claude-opus-5")).status_code == 200


async def test_a_model_outside_the_plan_is_invalid(caller: Any) -> None:
    caller.account.not_offered("claude-opus-5")
    assert (await caller.ask(model="claude-opus-5")).json()["reason"] == "INVALID_MODEL_ID"


async def test_an_account_can_be_made_well_again(caller: Any) -> None:
    account = caller.account
    account.suspend()
    account.suspicious()
    account.throttle(5)
    account.fault("spent", 5)
    account.reinstate()
    assert (await caller.ask()).status_code == 200

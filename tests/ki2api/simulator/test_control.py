"""Models, profiles and usage, in both bindings, on the hosts that serve them."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from ki2api.simulator import Simulator, SimulatorOptions

pytestmark = pytest.mark.anyio
Opened = Callable[..., Awaitable[Any]]
_JSON_10 = "application/x-amz-json-1.0"
_NOON = 1_764_504_000.0
"""2025-11-30 12:00 UTC."""


async def _get(caller: Any, path: str, host: str = "management", **query: str) -> Any:
    url = getattr(caller.simulator.urls, host) + path
    return await caller.http.get(url, params=query, headers=caller.headers)


async def _post(caller: Any, path: str, host: str = "management") -> Any:
    url = getattr(caller.simulator.urls, host) + path
    return await caller.http.post(url, json={"maxResults": 10}, headers=caller.headers)


async def _target(caller: Any, target: str, **body: Any) -> Any:
    headers = {**caller.headers, "content-type": _JSON_10, "x-amz-target": target}
    return await caller.http.post(caller.simulator.urls.management, json=body, headers=headers)


async def test_the_models_come_with_limits_and_schemas(caller: Any) -> None:
    arn = caller.account.profile_arn
    answer = (await _get(caller, "/ListAvailableModels", origin="AI_EDITOR", profileArn=arn)).json()
    models = {model["modelId"]: model for model in answer["models"]}
    assert answer["defaultModel"] == {"modelId": "auto"}
    assert answer["nextToken"] is None
    opus = models["claude-opus-5"]
    assert opus["tokenLimits"] == {"maxInputTokens": 1_000_000, "maxOutputTokens": 128_000}
    schema = opus["additionalModelRequestFieldsSchema"]
    assert schema["properties"]["max_tokens"] == {
        "type": "integer",
        "minimum": 1024,
        "maximum": 128_000,
    }
    assert "additionalModelRequestFieldsSchema" not in models["claude-sonnet-4.5"]
    assert models["glm-5"]["supportedInputTypes"] == ["TEXT"]


async def test_the_models_come_in_pages(opened: Opened) -> None:
    caller = await opened(SimulatorOptions(models_per_page=9))
    query = {"origin": "KIRO_CLI", "profileArn": caller.account.profile_arn}
    seen: list[str] = []
    sizes: list[int] = []
    while True:
        page = (await _get(caller, "/List-Available-Models", **query)).json()
        seen += [model["modelId"] for model in page["models"]]
        sizes.append(len(page["models"]))
        if page["nextToken"] is None:
            break
        query["nextToken"] = page["nextToken"]
    assert len(seen) == len(set(seen)) == 22
    assert sizes == [9, 9, 4]
    broken = await _get(caller, "/ListAvailableModels", **{**query, "nextToken": "x"})
    assert broken.status_code == 400


@pytest.mark.parametrize("service", ["AmazonCodeWhispererService", "KiroControlPlaneBearerService"])
async def test_the_models_come_in_the_other_binding_too(caller: Any, service: str) -> None:
    caller.account.not_offered("claude-opus-5")
    arn = caller.account.profile_arn
    response = await _target(
        caller, f"{service}.ListAvailableModels", origin="KIRO_CLI", profileArn=arn, maxResults=4
    )
    assert response.headers["content-type"] == _JSON_10
    ids = [model["modelId"] for model in response.json()["models"]]
    assert ids == ["auto", "claude-opus-5.5", "claude-sonnet-5", "claude-fable-5"]


async def test_the_origin_is_required(caller: Any) -> None:
    arn = caller.account.profile_arn
    assert (await _get(caller, "/ListAvailableModels", profileArn=arn)).status_code == 400


async def test_a_key_gets_its_models_from_q_alone(opened: Opened) -> None:
    caller = await opened(kind="api-key")
    refused = await _get(caller, "/ListAvailableModels", origin="AI_EDITOR")
    assert refused.json() == {"message": "profileArn is required for this request."}
    answer = await _get(caller, "/ListAvailableModels", "q", origin="AI_EDITOR")
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/ListAvailableModels", "/getUsageLimits"])
async def test_the_runtime_host_serves_no_control_plane(caller: Any, path: str) -> None:
    response = await _get(caller, path, "runtime", origin="AI_EDITOR")
    assert response.status_code == 404
    assert response.headers["x-amzn-errortype"] == "UnknownOperationException"


async def test_the_management_host_serves_no_inference(caller: Any) -> None:
    assert (await caller.post(caller.body(), host="management")).status_code == 404


async def test_a_get_with_a_target_names_nothing(caller: Any) -> None:
    headers = {**caller.headers, "x-amz-target": "AmazonCodeWhispererService.GetUsageLimits"}
    url = f"{caller.simulator.urls.q}/getUsageLimits"
    assert (await caller.http.get(url, headers=headers)).status_code == 404


@pytest.mark.parametrize("target", ["", "ListAvailableModels", "AmazonCodeWhispererService.Nope"])
async def test_an_unknown_target_names_nothing(caller: Any, target: str) -> None:
    response = await _target(caller, target)
    assert response.status_code == 404
    assert response.json()["__type"].endswith("#UnknownOperationException")


async def test_the_profile_of_an_account_can_be_looked_up(opened: Opened) -> None:
    caller = await opened(kind="enterprise")
    url = f"{caller.simulator.urls.q}/ListAvailableProfiles"
    response = await caller.http.post(url, json={"maxResults": 10}, headers=caller.headers)
    assert [profile["arn"] for profile in response.json()["profiles"]] == [
        caller.account.profile_arn
    ]
    again = await _target(caller, "AmazonCodeWhispererService.ListAvailableProfiles")
    assert again.json() == response.json()


async def test_a_builder_id_has_no_profiles(opened: Opened) -> None:
    caller = await opened(kind="builder-id")
    response = await _target(caller, "AmazonCodeWhispererService.ListAvailableProfiles")
    assert response.status_code == 403
    assert response.json()["message"] == ("AWS Builder ID is not supported for this operation.")


async def test_usage_is_that_of_the_plan(opened: Opened) -> None:
    caller = await opened(SimulatorOptions(clock=lambda: _NOON), used=12.5)
    answer = (await _get(caller, "/getUsageLimits", origin="AI_EDITOR")).json()
    (credits_,) = answer["usageBreakdownList"]
    assert credits_["currentUsage"] == 12
    assert credits_["currentUsageWithPrecision"] == 12.5
    assert credits_["usageLimitWithPrecision"] == 1000.0
    assert answer["subscriptionInfo"]["subscriptionTitle"] == "KIRO PRO"
    assert answer["nextDateReset"] == 1_764_547_200.0
    assert answer["daysUntilReset"] == 0
    assert "email" not in answer["userInfo"]
    assert "freeTrialInfo" not in credits_


async def test_usage_knows_trials_bonuses_and_the_turn_of_the_year(opened: Opened) -> None:
    december = _NOON + 86_400
    caller = await opened(
        SimulatorOptions(clock=lambda: december), plan="free", trial=True, bonus=True
    )
    caller.account.exhaust()
    answer = (await _get(caller, "/getUsageLimits", isEmailRequired="true")).json()
    (credits_,) = answer["usageBreakdownList"]
    assert credits_["currentUsageWithPrecision"] == 50.0
    assert credits_["freeTrialInfo"]["currentUsageWithPrecision"] == 500.0
    assert credits_["bonuses"][0]["currentUsage"] == 100.0
    assert answer["userInfo"]["email"] == "work@example.com"
    assert answer["nextDateReset"] == 1_767_225_600.0


async def test_usage_tells_a_suspension_and_a_wrong_profile(caller: Any) -> None:
    wrong = await _get(caller, "/getUsageLimits", profileArn="arn:wrong")
    assert wrong.status_code == 403
    caller.account.suspend()
    response = await _get(caller, "/getUsageLimits")
    assert "suspended" in response.json()["message"]


async def test_what_a_reply_costs_is_used_up(caller: Any) -> None:
    events = await caller.events()
    (metering,) = events.of("meteringEvent")
    assert caller.account.used == pytest.approx(metering["usage"])
    assert caller.account.used > 0


async def test_a_profile_is_found_in_its_own_region_alone(opened: Opened) -> None:
    caller = await opened(kind="enterprise", api_region="eu-central-1")
    found = {
        region: (await _post(caller, f"/{region}/ListAvailableProfiles")).json()["profiles"]
        for region in ("us-east-1", "eu-central-1")
    }
    assert found["us-east-1"] == []
    (profile,) = found["eu-central-1"]
    assert profile["arn"] == caller.account.profile_arn
    assert profile["arn"].split(":")[3] == "eu-central-1"
    assert profile["profileName"] == "KiroProfile-eu-central-1"


@pytest.mark.parametrize("path", ["/ListAvailableModels", "/getUsageLimits"])
async def test_a_profile_of_another_region_is_not_authorized(opened: Opened, path: str) -> None:
    caller = await opened(kind="enterprise", api_region="eu-central-1")
    query = {"origin": "AI_EDITOR", "profileArn": caller.account.profile_arn}
    here = await _get(caller, f"/us-east-1{path}", **query)
    assert here.status_code == 403
    assert here.json()["message"] == "User is not authorized to make this call."
    assert (await _get(caller, f"/eu-central-1{path}", **query)).status_code == 200
    assert (await _get(caller, path, **query)).status_code == 200


async def test_each_question_is_counted_for_its_account(opened: Opened) -> None:
    caller = await opened()
    await _get(caller, "/getUsageLimits")
    await _get(caller, "/getUsageLimits", "q")
    await _get(caller, "/ListAvailableModels")
    await _target(caller, "AmazonCodeWhispererService.ListAvailableProfiles")
    assert caller.simulator.asked == {
        ("work", "GetUsageLimits"): 2,
        ("work", "ListAvailableModels"): 1,
        ("work", "ListAvailableProfiles"): 1,
    }


async def test_faults_can_be_ordered_for_one_operation(caller: Any) -> None:
    order = caller.simulator.order_control
    order("GetUsageLimits", "refuse", status=429)
    order("GetUsageLimits", "refuse")
    order("GetUsageLimits", "empty")
    order("GetUsageLimits", "garbage")
    assert (await _post(caller, "/ListAvailableProfiles")).status_code == 200
    answers = [await _get(caller, "/getUsageLimits") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [429, 503, 200, 200, 200]
    assert [answer.content for answer in answers[2:4]] == [b"{}", b"<html>no answer here</html>"]
    assert "usageBreakdownList" in answers[4].json()


async def test_a_question_can_be_left_without_an_answer(caller: Any) -> None:
    caller.simulator.order_control("GetUsageLimits", "reset")
    caller.simulator.order_control("GetUsageLimits", "hang")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await _get(caller, "/getUsageLimits")
    caller.http.timeout = httpx.Timeout(5, read=0.05)
    with pytest.raises(httpx.ReadTimeout):
        await _get(caller, "/getUsageLimits")


def test_only_faults_and_operations_that_exist_can_be_ordered() -> None:
    with pytest.raises(KeyError):
        Simulator().order_control("GetUsageLimits", "hiccup")
    with pytest.raises(KeyError):
        Simulator().order_control("Nope", "empty")


async def test_the_older_host_can_refuse_an_enterprise_profile_in_a_query(opened: Opened) -> None:
    caller = await opened(SimulatorOptions(profile_in_legacy_query=False), kind="enterprise")
    query = {"origin": "AI_EDITOR", "profileArn": caller.account.profile_arn}
    for path in ("/ListAvailableModels", "/getUsageLimits"):
        refused = await _get(caller, path, "q", **query)
        assert (refused.status_code, refused.json()["message"]) == (
            400,
            "Improperly formed request.",
        )
        assert (await _get(caller, path, "q", origin="AI_EDITOR")).status_code == 200
        assert (await _get(caller, path, **query)).status_code == 200

"""The questions of the control plane in both bindings, to the byte."""

import pytest

from ki2api.kiro.calls import Call
from ki2api.kiro.control.models import models_call
from ki2api.kiro.control.profiles import profiles_call
from ki2api.kiro.control.usage import usage_call

ARN = "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK"
JSON_10 = "application/x-amz-json-1.0"


def targeted(operation: str, body: bytes) -> Call:
    target = f"AmazonCodeWhispererService.{operation}"
    headers = {"content-type": JSON_10, "accept": JSON_10, "x-amz-target": target}
    return Call("POST", "/", headers, body)


@pytest.mark.parametrize(
    ("call", "path", "query"),
    [
        (
            models_call("rest", ARN, "p2"),
            "/ListAvailableModels",
            {"origin": "AI_EDITOR", "maxResults": "50", "profileArn": ARN, "nextToken": "p2"},
        ),
        (models_call("rest"), "/ListAvailableModels", {"origin": "AI_EDITOR", "maxResults": "50"}),
        (
            usage_call("rest", ARN, with_email=True),
            "/getUsageLimits",
            {
                "origin": "AI_EDITOR",
                "resourceType": "AGENTIC_REQUEST",
                "profileArn": ARN,
                "isEmailRequired": "true",
            },
        ),
        (
            usage_call("rest"),
            "/getUsageLimits",
            {"origin": "AI_EDITOR", "resourceType": "AGENTIC_REQUEST"},
        ),
    ],
)
def test_rest_reads_by_a_get_without_a_target(call: Call, path: str, query: dict[str, str]) -> None:
    assert call == Call("GET", path, {"accept": "application/json"}, query=query)


def test_rest_lists_profiles_by_a_post() -> None:
    headers = {"content-type": "application/json", "accept": "application/json"}
    assert profiles_call("rest") == Call(
        "POST", "/ListAvailableProfiles", headers, b'{"maxResults":10}'
    )
    assert profiles_call("rest", "p2").body == b'{"maxResults":10,"nextToken":"p2"}'


@pytest.mark.parametrize(
    ("call", "operation", "body"),
    [
        (
            models_call("json-1.0"),
            "ListAvailableModels",
            b'{"origin":"AI_EDITOR","maxResults":50}',
        ),
        (profiles_call("json-1.0"), "ListAvailableProfiles", b'{"maxResults":10}'),
        (
            usage_call("json-1.0", with_email=True),
            "GetUsageLimits",
            b'{"origin":"AI_EDITOR","resourceType":"AGENTIC_REQUEST","isEmailRequired":true}',
        ),
    ],
)
def test_json_1_0_asks_by_a_target(call: Call, operation: str, body: bytes) -> None:
    assert call == targeted(operation, body)

"""Requests that the service accepts, fresh for each test."""

from typing import Any

import pytest


@pytest.fixture
def minimal() -> dict[str, Any]:
    """The minimal request of docs/kiro.md §3.1."""
    return {
        "conversationState": {
            "chatTriggerType": "MANUAL",
            "conversationId": "11111111-1111-4111-8111-111111111111",
            "history": [],
            "currentMessage": {
                "userInputMessage": {
                    "content": "Hello",
                    "modelId": "claude-sonnet-4.5",
                    "origin": "AI_EDITOR",
                }
            },
        },
        "profileArn": "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK",
    }


@pytest.fixture
def round_trip() -> dict[str, Any]:
    """The second request of the tool round trip of docs/kiro.md §3.1."""
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    }
    weather = {"name": "get_weather", "description": "Weather", "inputSchema": {"json": schema}}
    use = {"toolUseId": "tooluse_AbC", "name": "get_weather", "input": {"city": "Paris"}}
    result = {"toolUseId": "tooluse_AbC", "status": "success", "content": [{"text": "18 °C"}]}
    asked = {"content": "Weather in Paris?", "modelId": "claude-sonnet-4.5", "origin": "AI_EDITOR"}
    return {
        "conversationState": {
            "agentTaskType": "vibe",
            "agentContinuationId": "22222222-2222-4222-8222-222222222222",
            "chatTriggerType": "MANUAL",
            "conversationId": "11111111-1111-4111-8111-111111111111",
            "history": [
                {"userInputMessage": asked},
                {"assistantResponseMessage": {"content": "I'll check.", "toolUses": [use]}},
            ],
            "currentMessage": {
                "userInputMessage": {
                    "content": "",
                    "modelId": "claude-sonnet-4.5",
                    "origin": "AI_EDITOR",
                    "userInputMessageContext": {
                        "tools": [{"toolSpecification": weather}],
                        "toolResults": [result],
                    },
                }
            },
        },
        "profileArn": "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK",
    }

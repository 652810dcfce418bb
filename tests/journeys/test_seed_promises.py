"""Every command line that the first users were promised works as it stood there."""

import shlex
import shutil
import subprocess
from typing import Any

import msgspec
import pytest

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")

MODELS = 'curl -H "Authorization: Bearer ki2api-key-2024" http://localhost:8989/v1/models'
CHAT = """curl -X POST http://localhost:8989/v1/chat/completions \
  -H "Authorization: Bearer ki2api-key-2024" -H "Content-Type: application/json" \
  -d '{"model": "claude-sonnet-4-5-20250929", "messages": [{"role": "user", "content": "你好，请介绍一下自己"}], "max_tokens": 1000}'"""
STREAM = """curl -X POST http://localhost:8989/v1/chat/completions \
  -H "Authorization: Bearer ki2api-key-2024" -H "Content-Type: application/json" \
  -d '{"model": "claude-sonnet-4-5-20250929", "messages": [{"role": "user", "content": "写一首关于春天的诗"}], "stream": true, "max_tokens": 500}'"""
MESSAGES = """curl -X POST http://localhost:8989/v1/messages \
  -H "x-api-key: ki2api-key-2024" -H "anthropic-version: 2023-06-01" -H "Content-Type: application/json" \
  -d '{"model": "claude-sonnet-4.5", "max_tokens": 1024, "messages": [{"role": "user", "content": "Hello, Claude!"}]}'"""
TOOL = """curl -X POST http://localhost:8989/v1/messages \
  -H "x-api-key: ki2api-key-2024" -H "anthropic-version: 2023-06-01" -H "Content-Type: application/json" \
  -d '{"model": "claude-sonnet-4.5", "max_tokens": 1024,
       "tools": [{"name": "get_weather", "description": "Get the current weather in a given location",
                  "input_schema": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]}}],
       "messages": [{"role": "user", "content": "What is the weather in San Francisco?"}]}'"""
STATUS = 'curl -H "Authorization: Bearer ki2api-key-2024" http://localhost:8989/v1/token/status'
RESET = (
    'curl -X POST -H "Authorization: Bearer ki2api-key-2024" http://localhost:8989/v1/token/reset'
)
NAMES = ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5")


def curl(house: Any, line: str) -> bytes:
    gateway, _ = house
    port = gateway.url.rpartition(":")[2]
    words = shlex.split(line.replace("localhost:8989", f"localhost:{port}"))
    return subprocess.run(
        [*words, "-s", "--fail-with-body"], check=True, capture_output=True
    ).stdout


def test_models_and_both_operations(house: Any) -> None:
    assert msgspec.json.decode(curl(house, MODELS))["object"] == "list"
    accounts = msgspec.json.decode(curl(house, STATUS))["accounts"]
    assert [account["name"] for account in accounts] == ["first", "second"]
    assert msgspec.json.decode(curl(house, RESET))["reset"] == 0


@pytest.mark.parametrize("model", NAMES)
def test_chat_whole_and_streamed(house: Any, model: str) -> None:
    whole = msgspec.json.decode(curl(house, CHAT.replace(NAMES[0], model)))
    assert whole["choices"][0]["message"]["content"]
    streamed = curl(house, STREAM.replace(NAMES[0], model))
    assert streamed.endswith(b"data: [DONE]\n\n")
    assert streamed.count(b"\ndata: ") >= 3  # all words may come in one read


@pytest.mark.parametrize("model", NAMES)
def test_messages_with_and_without_a_tool(house: Any, model: str) -> None:
    plain = msgspec.json.decode(curl(house, MESSAGES.replace(NAMES[1], model)))
    assert plain["content"][0]["type"] == "text"
    called = msgspec.json.decode(curl(house, TOOL.replace(NAMES[1], model)))
    assert called["stop_reason"] == "tool_use"
    assert called["content"][-1]["input"] == {"location": "San Francisco"}

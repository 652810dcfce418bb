from typing import Any

import msgspec
import pytest

from ki2api.cli.explanation.dialect import PATHS, read_as
from ki2api.protocols.registry import DIALECTS

HELLO = {"role": "user", "content": "Hello"}


def block(kind: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": kind}]}]}


@pytest.mark.parametrize(
    ("body", "name", "found"),
    [
        ({"system": "x", "messages": []}, "anthropic", "the field 'system'"),
        ({"tools": [{"input_schema": {}}]}, "anthropic", "a tool with 'input_schema'"),
        (block("tool_use"), "anthropic", "content of type 'tool_use'"),
        ({"tools": [{"function": {}}]}, "openai-chat", "a tool with 'function'"),
        ({"messages": [HELLO, {"role": "tool"}]}, "openai-chat", "a message of the role 'tool'"),
        (block("image_url"), "openai-chat", "content of type 'image_url'"),
        ({"stream_options": {}}, "openai-chat", "the field 'stream_options'"),
        ({"max_tokens": 1, "messages": [HELLO]}, "anthropic", "the field 'max_tokens'"),
        ({"messages": [HELLO], "tools": 1}, "openai-chat", "nothing in it"),
        ([], "openai-chat", "nothing in it"),
    ],
)
def test_a_request_tells_its_dialect(body: Any, name: str, found: str) -> None:
    guessed, dialect, read = read_as(msgspec.json.encode(body))
    assert (guessed, dialect) == (name, DIALECTS[name])
    assert found in read


def test_what_is_no_json_is_read_all_the_same() -> None:
    assert read_as(b"{")[0] == "openai-chat"


def test_a_reported_request_tells_its_dialect(reported: Any) -> None:
    assert read_as(reported.body)[0] in {reported.protocol, "openai-chat"}


def test_every_dialect_has_its_path() -> None:
    assert set(DIALECTS) <= set(PATHS)

"""Whatever a caller sends, it is understood or refused, and nothing else happens."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ki2api.errors import InvalidRequest
from ki2api.protocols import ClientProtocol, RawRequest
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.protocols.openai_responses import OPENAI_RESPONSES
from ki2api.protocols.openai_responses.compacting import TRIGGER
from ki2api.protocols.openai_responses.items import READERS, SKIPPED

DIALECTS = [ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES]
ITEMS = sorted({*READERS, *SKIPPED, "message", "item_reference", "additional_tools", TRIGGER})

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(
        ["text", "image", "image_url", "user", "assistant", "tool", "auto", "{", *ITEMS]
    )
    | st.text(max_size=5)
)
keys = st.sampled_from(
    ["type", "role", "content", "text", "source", "tool_calls", "function", "name", "image_url"]
) | st.sampled_from(
    ["call_id", "output", "arguments", "input", "summary", "encrypted_content", "id", "tools"]
)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    ["system", "tools", "tool_choice", "thinking", "metadata", "stop", "n", "thread", "functions"]
) | st.sampled_from(
    ["instructions", "text", "reasoning", "include", "previous_response_id", "store"]
)
bodies = st.builds(
    lambda messages, rest: {
        "model": "m",
        "max_tokens": 1,
        **rest,
        "messages": messages,
        "input": messages,
    },
    anything | st.lists(st.dictionaries(keys, anything, max_size=4), max_size=3),
    st.dictionaries(fields, anything, max_size=3),
)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@settings(deadline=None)
@given(body=bodies, drop=st.booleans())
def test_any_json_is_understood_or_refused(
    dialect: ClientProtocol, body: dict[str, Any], *, drop: bool
) -> None:
    request = RawRequest("f10e", "/v1", {}, msgspec.json.encode(body), 0.0)
    with contextlib.suppress(InvalidRequest):
        conversation, _ = dialect.decode(request, drop_unknown=drop)
        assert all(turn.at.startswith(("messages[", "input")) for turn in conversation.turns)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@settings(deadline=None)
@given(body=st.binary(max_size=40))
def test_any_bytes_are_refused(dialect: ClientProtocol, body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        dialect.decode(RawRequest("f10e", "/v1", {}, body, 0.0))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("depth", [10, 100, 300, 1_000, 100_000])
@pytest.mark.parametrize("drop", [False, True])
def test_no_depth_is_too_much(dialect: ClientProtocol, depth: int, *, drop: bool) -> None:
    inner = b'{"type":"tool_result","tool_use_id":"t","content":['
    nested = inner * depth + b'{"type":"x"}' + b"]}" * depth
    content = b'[{"type":"x"},' + nested + b"]"
    said = b'[{"role":"user","content":' + content + b"}]"
    body = b'{"model":"m","max_tokens":1,"messages":' + said + b',"input":' + said + b"}"
    with contextlib.suppress(InvalidRequest):
        conversation, _ = dialect.decode(
            RawRequest("f10e", "/v1", {}, body, 0.0), drop_unknown=drop
        )
        assert drop
        assert conversation.not_honoured

from base64 import b64encode
from collections.abc import Callable
from struct import pack
from typing import Any

import msgspec

from ki2api.conversation import (
    DocumentPart,
    ImagePart,
    TextPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.kiro.compose import Limits
from ki2api.kiro.shape import Figure, Shape, repaired, shape_of
from ki2api.models import Catalogue

Hear = Callable[..., Any]
GIF = b64encode(b"GIF89a" + pack("<HH", 640, 480)).decode()
SCHEMA = b'{"type":"object","properties":{"list":{"type":"array","items":{"type":"string"}}}}'
ASK = Turn("user", (TextPart("secret words"), ImagePart("gif", GIF)))
CALL = Turn("assistant", (ToolCallPart("1", "get", "{}"),))
DONE = Turn("user", (ToolResultPart("1", (TextPart("a"), TextPart("bc"))),))


def shape(hear: Hear, *turns: Turn, **more: Any) -> Shape:
    body = hear(*turns, **more).composed.body
    return shape_of(body, Catalogue().find("claude-sonnet-4.5").model, Limits())


def test_a_request_is_measured(hear: Hear) -> None:
    tools = (Tool("get", "gets", msgspec.Raw(SCHEMA)),)
    found = shape(hear, ASK, CALL, DONE, tools=tools)
    size = found.counts.pop("bytes")
    assert {name: count for name, count in found.counts.items() if count} == {
        "turns of the user": 2,
        "turns of the assistant": 1,
        "tools": 1,
        "tool calls": 1,
        "tool results": 1,
        "images": 1,
    }
    assert found.figures == (
        Figure("§3.8", "weight", size - len(GIF), 1_300_000),
        Figure("H18", "history", 2, 10_000),
        Figure("T14", "tools", 1, 256),
        Figure("T1", "longest name", 3, 64),
        Figure("T5", "longest description", 4, 10_000),
        Figure("T10", "deepest schema", 2, 32),
        Figure("H17", "images", 1, 10),
        Figure("H17", "largest image", 10, 10 * 1024 * 1024),
        Figure("H17", "longest side", 640, 8_000),
        Figure("§3.8", "longest message", 12, 600_000, firm=False),
        Figure("§3.8", "longest tool result", 3, 800_000, firm=False),
    )
    assert "secret" not in str(found)
    assert str(found).endswith("near its limit: no rule")


def test_what_comes_near_its_limit_is_named(hear: Hear) -> None:
    found = shape(hear, ASK, tools=(Tool("x" * 60, "y" * 7_999, msgspec.Raw(b"{}")),))
    assert str(found).endswith("1 images; near its limit: T1 longest name 60 of 64")


def test_repairs_are_counted_by_their_rules() -> None:
    assert repaired(["T10", "H4", "T10"]) == "T10 (2 times), H4"
    assert repaired([]) == ""


def test_what_is_not_there_is_not_measured(hear: Hear) -> None:
    found = shape(hear, Turn("user", (TextPart("hello"),)))
    assert [figure.name for figure in found.figures] == ["weight", "history", "longest message"]


def test_documents_are_measured_by_themselves(hear: Hear) -> None:
    pdf = b64encode(b"%PDF-1.7" + bytes(92)).decode()
    found = shape(hear, Turn("user", (DocumentPart("a", "pdf", pdf),)))
    assert found.counts["documents"] == 1
    assert found.figures[0].value == found.counts["bytes"] - len(pdf)
    assert found.figures[2:4] == (
        Figure("§3.7", "documents", 1, 5),
        Figure("§3.7", "largest document", 100, 4_500_000),
    )

"""Whatever a client can send is either refused by its own fault or composed as Kiro wants it."""

from base64 import b64encode
from struct import pack
from typing import Any
from zlib import compress, crc32

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ki2api.conversation import (
    EFFORTS,
    Conversation,
    DocumentPart,
    ImagePart,
    Part,
    Sampling,
    TextPart,
    Thinking,
    ThinkingPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
    Turn,
)
from ki2api.errors import CallerError, InvalidRequest
from ki2api.kiro.compose import Limits, compose, ids_of
from ki2api.models import Catalogue, Model, Target
from ki2api.simulator.catalogue import CATALOGUE
from ki2api.simulator.rules import violations
from ki2api.simulator.rules.reasoning import signature_of


def chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))


PNG = b64encode(
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", compress(b"\0\0"))
    + chunk(b"IEND", b"")
).decode()

IDS = st.sampled_from(["a", "b", "c", "", "tooluse_1", "x" * 65, "é", "a b"])
NAMES = st.one_of(
    st.sampled_from(
        ["get", "Get", "web_search", "查天气", "", "9lives", "mcp__a-b", "n" * 70, "n" * 70 + "m"]
    ),
    st.text(max_size=6),
)
TEXTS = st.one_of(
    st.sampled_from(["", " ", "\n", "hi", "\0", "\ud800", "你好"]), st.text(max_size=5)
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["", "a", "_", "\0"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def encoded(value: Any) -> bytes:
    return msgspec.json.encode(value, enc_hook=repr)


def wellformed(value: Any) -> bool:
    try:
        encoded(value)
    except UnicodeEncodeError:
        return False
    return True


JSON_VALUES = VALUES.filter(wellformed)
INPUTS = st.one_of(
    JSON_VALUES.map(encoded).map(bytes.decode),
    st.sampled_from(
        ["", " ", "{", "[1]", '{"": 1}', '{"a": {"": 1, "_": 2}}', "[" * 100, "[" * 2000]
    ),
    st.text(max_size=5),
)
KEYWORDS = st.sampled_from(
    [
        "type",
        "title",
        "description",
        "enum",
        "const",
        "default",
        "format",
        "pattern",
        "minLength",
        "exclusiveMinimum",
        "additionalProperties",
        "x-note",
        "$schema",
        "$id",
        "nullable",
        "not",
        "if",
        "$ref",
        "$defs",
        "items",
        "prefixItems",
        "properties",
        "required",
        "allOf",
        "anyOf",
        "oneOf",
    ]
)  # fmt: skip - a list of words reads best as a block
WORDS = st.sampled_from(
    [
        "object",
        "string",
        "array",
        "null",
        "any",
        "#",
        "#/$defs/a",
        "#/$defs/b",
        "#/properties/a",
        "elsewhere",
    ]
)  # fmt: skip - as above


def schema_nodes(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=2)
    value = st.one_of(inner, named, st.lists(inner, max_size=3), st.lists(WORDS, max_size=3), WORDS)
    return st.dictionaries(KEYWORDS, value, max_size=5)


SCHEMAS = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS, schema_nodes, max_leaves=12
)
ROOTS = st.one_of(
    SCHEMAS,
    st.fixed_dictionaries(
        {"type": st.just("object"), "properties": SCHEMAS, "$defs": schema_nodes(SCHEMAS)}
    ),
)
MODEL = "claude-sonnet-4.5"
IMAGES = st.builds(ImagePart, st.sampled_from(["png", "jpeg"]), st.just(PNG), st.just("image"))
DOCUMENTS = st.builds(
    DocumentPart,
    st.sampled_from(["", "a.pdf", "A", "报告.pdf", " a  b", "a" * 300, "\ud800", "\0", ".pdf"]),
    st.sampled_from(["pdf", "txt", "docx"]),
    st.just(b64encode(b"%PDF-1.7").decode()),
    st.just("document"),
)
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(TextPart, TEXTS),
    IMAGES,
    DOCUMENTS,
    st.builds(ThinkingPart, TEXTS),
    st.builds(lambda text: ThinkingPart(text, signature_of(MODEL, text)), st.text(max_size=5)),
    st.builds(ThinkingPart, redacted=st.sampled_from(["b3BhcXVl", "\ud800"])),
    st.builds(ToolCallPart, IDS, NAMES, INPUTS),
    st.builds(
        ToolResultPart,
        IDS,
        st.lists(st.one_of(st.builds(TextPart, TEXTS), IMAGES, DOCUMENTS), max_size=2).map(tuple),
        st.booleans(),
    ),
)
TURNS = st.builds(
    Turn,
    st.sampled_from(["user", "assistant"]),
    st.lists(PARTS, max_size=4).map(tuple),
    st.just("turn"),
)
TOOLS = st.builds(Tool, NAMES, TEXTS, ROOTS.map(encoded).map(msgspec.Raw), st.just("tool"))
CONVERSATIONS = st.builds(
    Conversation,
    st.just(MODEL),
    st.lists(TURNS, min_size=1, max_size=7).map(tuple),
    st.lists(st.builds(TextPart, TEXTS), max_size=2).map(tuple),
    st.lists(TOOLS, max_size=3).map(tuple),
    st.builds(ToolChoice, st.sampled_from(["auto", "none", "any"])),
)
LIMITS = st.builds(
    Limits,
    max_images=st.sampled_from([1, 10]),
    tool_description=st.sampled_from([3, 10_000]),
    system_prompt=st.sampled_from(["first-turn", "history-pair"]),
)
TARGET = Catalogue().find(MODEL)
THINKING = st.builds(
    Thinking,
    st.sampled_from([None, True, False]),
    st.none() | st.integers(-1, 200_000),
    st.sampled_from([None, "huge", *EFFORTS]),
    st.sampled_from([None, "summarized", "omitted"]),
)
ENTRIES = st.builds(
    lambda entry, listed: Model(
        entry.id,
        max_output=entry.max_output,
        fields_schema=msgspec.Raw(encoded(entry.fields_schema))
        if listed and entry.fields_schema
        else None,
    ),
    st.sampled_from(list(CATALOGUE.values())),
    st.booleans(),
)


def documents_in(conversation: Conversation) -> int:
    parts = [part for turn in conversation.turns for part in turn.parts]
    inner = [each for part in parts if isinstance(part, ToolResultPart) for each in part.content]
    return sum(isinstance(part, DocumentPart) for part in (*parts, *inner))


@given(CONVERSATIONS, LIMITS)
@settings(deadline=None)
def test_kiro_finds_nothing_to_refuse(conversation: Conversation, limits: Limits) -> None:
    assume(documents_in(conversation) <= limits.max_documents)  # more in one turn are refused
    composed = compose(conversation, TARGET, ids_of(conversation), limits=limits)
    assert violations(msgspec.json.decode(composed.body)) == []
    again = compose(conversation, TARGET, ids_of(conversation), limits=limits)
    assert again.body == composed.body


@given(ENTRIES, THINKING, st.none() | st.integers(-1, 200_000))
@settings(deadline=None)
def test_every_model_takes_what_is_asked_of_its_thinking(
    model: Model, thinking: Thinking, max_tokens: int | None
) -> None:
    turns = (Turn("user", (TextPart("hi"),)),)
    sampling = Sampling(max_tokens)
    conversation = Conversation(model.id, turns, sampling=sampling, thinking=thinking)
    composed = compose(conversation, Target(model.id, model), ids_of(conversation))
    assert violations(msgspec.json.decode(composed.body)) == []


@given(CONVERSATIONS, st.sampled_from(["document", "image", "nothing"]))
@settings(deadline=None)
def test_a_refusal_is_the_callers_and_names_the_place(
    conversation: Conversation, what: str
) -> None:
    part: Part
    match what:
        case "document":
            part = DocumentPart("a", "pdf", "", "here")
        case "image":
            part = ImagePart("png", "bm8gaW1hZ2U=", "here")
        case _:
            conversation = msgspec.structs.replace(conversation, turns=())
            part = TextPart("")
    if conversation.turns:
        turns = (*conversation.turns, Turn("user", (part,)))
        conversation = msgspec.structs.replace(conversation, turns=turns)
    with pytest.raises(CallerError) as caught:
        compose(conversation, TARGET, ids_of(conversation))
    assert isinstance(caught.value, InvalidRequest)
    assert caught.value.path in {"here", "messages"}

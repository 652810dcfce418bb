"""The OpenAPI document: it is valid, complete, and says what the code says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.routes import HTTPRoute
from openapi_spec_validator import OpenAPIV31SpecValidator

from ki2api.app import create_app
from ki2api.conversation import Conversation, TextPart, ThinkingPart, ToolCallPart
from ki2api.errors import NoWebSocket
from ki2api.events import Reply, Usage
from ki2api.protocols import ClientProtocol, Delivery
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.anthropic.decode import NO_EFFECT as ANTHROPIC_NO_EFFECT
from ki2api.protocols.anthropic.decode import REFUSED as ANTHROPIC_REFUSED
from ki2api.protocols.anthropic.errors import TABLE as ANTHROPIC_TABLE
from ki2api.protocols.fields import Refused
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.protocols.openai_chat.decode import NO_EFFECT as OPENAI_NO_EFFECT
from ki2api.protocols.openai_chat.decode import REFUSED as OPENAI_REFUSED
from ki2api.protocols.openai_errors import TABLE as OPENAI_TABLE
from ki2api.protocols.openai_responses import OPENAI_RESPONSES
from ki2api.protocols.openai_responses.decode import NO_EFFECT as RESPONSES_NO_EFFECT
from ki2api.protocols.openai_responses.decode import REFUSED as RESPONSES_REFUSED
from ki2api.web.openapi.document import document
from ki2api.web.openapi.replies import anthropic as anthropic_replies
from ki2api.web.openapi.replies import openai_chat as openai_replies
from ki2api.web.openapi.replies import openai_responses as responses_replies
from ki2api.web.openapi.replies import openai_responses_events as responses_events

GOLDEN = Path(__file__).parents[2] / "golden"
APP = create_app()
BYTES = msgspec.json.encode(document(APP.routes))
DOCUMENT: dict[str, Any] = msgspec.json.decode(BYTES)

CHAT = DOCUMENT["paths"]["/v1/chat/completions"]["post"]
RESPONSES = DOCUMENT["paths"]["/v1/responses"]["post"]
MESSAGES = DOCUMENT["paths"]["/v1/messages"]["post"]

ALWAYS = {"200", "400", "403", "405", "408", "431", "500", "503"}
"""What any route may answer; where a header decides on the dialect, 529 as well."""
EITHER = ALWAYS | {"529"}
KEPT = ALWAYS | {"401", "404"}
ANYTHING = ""
USAGE = Usage(input=1, output=2, source="upstream", cache_read=3, cache_write=4)
EVERYTHING = Reply(
    (
        ThinkingPart("hm", "c2lnbmVk"),
        ThinkingPart(redacted="b3BhcXVl"),
        TextPart("I look."),
        ToolCallPart("call_1", "read_file", '{"path":"a.txt"}'),
    ),
    "tool-calls",
    USAGE,
)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


def test_it_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_route_of_the_app_is_in_it_and_no_other() -> None:
    routes = {
        (route.path_format, str(method))
        for route in APP.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods
    }
    described = {(path, method) for path, method, _ in operations()}
    assert described == {route for route in routes if route[1] != "OPTIONS"}
    assert ("/schema", "GET") in described


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_known_tag() -> None:
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    for _, _, operation in operations():
        assert operation["summary"].endswith(".")
        assert "\n" not in operation["summary"]
        assert set(operation["tags"]) <= tags


@pytest.mark.parametrize(
    ("path", "asks", "gives"),
    [
        ("/v1/chat/completions", "OpenAIChatRequest", "OpenAICompletion"),
        ("/v1/responses", "OpenAIResponsesRequest", "OpenAIResponse"),
        ("/v1/responses/compact", "OpenAIResponsesRequest", "OpenAICompaction"),
        ("/v1/responses/input_tokens", "OpenAIResponsesRequest", "OpenAIInputTokens"),
        ("/v1/responses/{response_id}/cancel", None, "OpenAIResponse"),
        ("/v1/messages", "AnthropicMessagesRequest", "AnthropicReply"),
        ("/v1/messages/count_tokens", "AnthropicCountRequest", "AnthropicTokenCount"),
        ("/v1/token/refresh", None, "RefreshDone"),
        ("/v1/token/reset", None, "ResetDone"),
        ("/api/event_logging/batch", ANYTHING, "Unkept"),
    ],
)
def test_every_post_says_what_it_takes_and_gives(path: str, asks: str | None, gives: str) -> None:
    operation = DOCUMENT["paths"][path]["post"]
    if asks is None:
        assert "requestBody" not in operation
    else:
        assert operation["requestBody"]["required"]
        assert named(operation["requestBody"]) == asks
    assert named(operation["responses"]["200"]) == gives


def test_the_posts_above_are_all_there_are() -> None:
    assert sum(method == "POST" for _, method, _ in operations()) == 10


def named(holder: dict[str, Any]) -> str:
    ref: str = holder["content"]["application/json"]["schema"].get("$ref", ANYTHING)
    return ref.rpartition("/")[2]


@pytest.mark.parametrize(
    ("operation", "table"),
    [(CHAT, OPENAI_TABLE), (RESPONSES, OPENAI_TABLE), (MESSAGES, ANTHROPIC_TABLE)],
)
def test_a_route_that_asks_a_model_has_every_status_of_its_dialects_table(
    operation: dict[str, Any], table: dict[type, tuple[Any, ...]]
) -> None:
    told = {str(row[0]) for kind, row in table.items() if kind is not NoWebSocket}
    assert set(operation["responses"]) == {"200", *told}


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/", EITHER),
        ("/health", EITHER),
        ("/health/live", EITHER),
        ("/health/ready", EITHER),
        ("/api/event_logging/batch", EITHER | {"401", "413", "415"}),
        ("/schema", EITHER | {"401"}),
        ("/v1/models", EITHER | {"401"}),
        ("/v1/token/status", EITHER | {"401"}),
        ("/v1/token/usage", EITHER | {"401", "404"}),
        ("/v1/token/refresh", EITHER | {"401", "404"}),
        ("/v1/token/reset", EITHER | {"401", "404"}),
        ("/v1/models/{model_id}", EITHER | {"401", "404"}),
        ("/v1/responses/{response_id}/input_items", KEPT),
        ("/v1/responses/{response_id}/cancel", KEPT),
        ("/v1/messages/count_tokens", KEPT - {"503"} | {"413", "415", "529"}),
        ("/v1/responses/input_tokens", KEPT | {"413", "415"}),
    ],
)
def test_another_route_has_the_statuses_that_it_can_give(path: str, statuses: set[str]) -> None:
    (operation,) = DOCUMENT["paths"][path].values()
    assert set(operation["responses"]) == statuses


def test_errors_have_the_shape_of_the_dialect_and_either_where_a_header_decides() -> None:
    assert named(CHAT["responses"]["429"]) == "OpenAIError"
    assert named(MESSAGES["responses"]["429"]) == "AnthropicError"
    (models,) = DOCUMENT["paths"]["/v1/models"].values()
    schema = models["responses"]["401"]["content"]["application/json"]["schema"]
    refs = [each["$ref"].rpartition("/")[2] for each in schema["anyOf"]]
    assert refs == ["OpenAIError", "AnthropicError"]
    assert [each["name"] for each in models["parameters"]] == ["anthropic-version"]


def test_only_the_front_page_and_health_are_open() -> None:
    keys = DOCUMENT["security"]
    assert {name for key in keys for name in key} == set(DOCUMENT["components"]["securitySchemes"])
    opened = [path for path, _, operation in operations() if "security" in operation]
    assert opened == ["/", "/health", "/health/live", "/health/ready"]


@pytest.mark.parametrize(
    ("operation", "word", "last"),
    [
        (CHAT, "`[DONE]`", "data: [DONE]\n\n"),
        (RESPONSES, "`response.completed`", '"sequence_number":9}\n\n'),
        (MESSAGES, "`message_stop`", 'data: {"type":"message_stop"}\n\n'),
    ],
)
def test_a_stream_is_described_in_words_and_by_a_whole_example(
    operation: dict[str, Any], word: str, last: str
) -> None:
    stream = operation["responses"]["200"]["content"]["text/event-stream"]
    assert word in stream["schema"]["description"]
    assert stream["examples"]["stream"]["value"].endswith(last)


def test_every_component_is_used() -> None:
    used = set(re.findall(rb'"#/components/([a-z]+/[^"]+)"', BYTES))
    made = {
        f"{kind}/{name}".encode()
        for kind in ("schemas", "headers")
        for name in DOCUMENT["components"][kind]
    }
    assert made == used


def test_it_names_no_other_place_and_nothing_that_is_ours_alone() -> None:
    for word in (b"://", b"ki2api:unknown", b"docs/"):
        assert word not in BYTES


@pytest.mark.parametrize(
    ("name", "refused", "no_effect"),
    [
        ("OpenAIChatRequest", OPENAI_REFUSED, OPENAI_NO_EFFECT),
        ("OpenAIResponsesRequest", RESPONSES_REFUSED, RESPONSES_NO_EFFECT),
        ("AnthropicMessagesRequest", ANTHROPIC_REFUSED, ANTHROPIC_NO_EFFECT),
        ("AnthropicCountRequest", ANTHROPIC_REFUSED, ANTHROPIC_NO_EFFECT),
    ],
)
def test_fields_that_are_not_served_say_so(
    name: str, refused: dict[str, Refused], no_effect: dict[str, Any]
) -> None:
    fields = DOCUMENT["components"]["schemas"][name]["properties"]
    for field, said in refused.items():
        assert said.why in fields[field]["description"]
    for field in no_effect:
        assert "without effect" in fields[field]["description"]


def test_error_types_and_codes_are_those_of_the_tables() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    openai, ours = schemas["OpenAIErrorDetail"], schemas["AnthropicErrorDetail"]
    assert set(openai["properties"]["type"]["enum"]) == {row[1] for row in OPENAI_TABLE.values()}
    assert set(openai["properties"]["code"]["enum"]) == {row[2] for row in OPENAI_TABLE.values()}
    assert set(ours["properties"]["type"]["enum"]) == {row[1] for row in ANTHROPIC_TABLE.values()}


def undescribed(said: bytes, *kinds: Any) -> bool:
    """Tell whether none of the described types holds all that is said."""
    for kind in kinds:
        try:
            held = msgspec.json.encode(msgspec.json.decode(said, type=kind))
        except msgspec.ValidationError:
            continue
        if msgspec.json.decode(held) == msgspec.json.decode(said):
            return False
    return True


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.sse")), ids=lambda path: path.stem)
def test_all_that_an_encoder_streams_is_described(path: Path) -> None:
    kinds: tuple[Any, ...] = (anthropic_replies.Event,)
    if path.name.startswith("openai_chat"):
        kinds = (openai_replies.Chunk, openai_replies.Error)
    if path.name.startswith("openai_responses"):
        kinds = (responses_events.Event,)
    lines = re.findall(rb"^data: (.*)$", path.read_bytes(), re.MULTILINE)
    events = [line for line in lines if line != b"[DONE]"]
    assert events
    assert [event for event in events if undescribed(event, *kinds)] == []


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [
        (OPENAI_CHAT, openai_replies.Completion),
        (OPENAI_RESPONSES, responses_replies.Response),
        (ANTHROPIC, anthropic_replies.Reply),
    ],
)
def test_all_that_an_encoder_writes_whole_is_described(
    protocol: ClientProtocol, kind: type[Any]
) -> None:
    encoder = protocol.encoder(Conversation("m", ()), Delivery("x", "m", created=0))
    assert not undescribed(encoder.whole(EVERYTHING), kind)

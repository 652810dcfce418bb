"""The descriptions of POST /v1/responses and of the routes below it."""

from ki2api.errors import ThreadNotFound, UnknownModel, UnknownResponse
from ki2api.protocols.openai_errors import TABLE
from ki2api.protocols.openai_responses import OPENAI_RESPONSES, wire
from ki2api.protocols.openai_responses.counting import input_tokens_body
from ki2api.protocols.openai_responses.decode import NO_EFFECT, REFUSED
from ki2api.web.openapi.errors import GUARDED, READING, asking
from ki2api.web.openapi.notes import notes_on
from ki2api.web.openapi.openai_chat import OPENAI as CHAT
from ki2api.web.openapi.operation import (
    Dialect,
    JSONObject,
    Operation,
    Request,
    Result,
    Shape,
    Stream,
)
from ki2api.web.openapi.replies.openai_responses import (
    Compaction,
    Deleted,
    InputTokens,
    ItemList,
    Response,
)
from ki2api.web.openapi.replies.openai_responses_events import Event
from ki2api.web.openapi.sample import MODEL, streamed, whole

PREFIX = "OpenAI"

RESPONSES_DIALECT = Dialect(OPENAI_RESPONSES, TABLE, CHAT.error)
ORDER = """\
`response.created` and `response.in_progress`, then the items of the output one after the other: \
`response.output_item.added`, what fills it, `response.output_item.done`; at last \
`response.completed` or, for a reply that was cut, `response.incomplete`. Comments (lines that \
begin with a colon) keep a silent stream open. What goes wrong after the stream began is told by \
`response.failed` and a last event `error`: then neither of the two ends comes."""

_HELLO = {"model": MODEL, "input": "Hello!"}
_WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    },
}
EXAMPLES = {
    "whole": _HELLO,
    "stream": {**_HELLO, "stream": True},
    "tool": {
        "model": MODEL,
        "instructions": "Result in one sentence.",
        "input": [{"role": "user", "content": "What is the weather in San Francisco?"}],
        "tools": [_WEATHER],
    },
}


def _parameter(name: str, place: str, schema: JSONObject, said: str) -> JSONObject:
    described = {"name": name, "in": place, "required": place == "path", "schema": schema}
    return {**described, "description": said}


_ID = _parameter(
    "response_id", "path", {"type": "string", "maxLength": 200}, "The id of a reply of your own."
)
_PAGE = (
    _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 100}, "Else 20."),
    _parameter("order", "query", {"enum": ["asc", "desc"]}, "Else the newest first."),
    _parameter("after", "query", {"type": "string"}, "The last item of the page before."),
)
_KEPT = (*GUARDED, UnknownResponse)

RESPONSES = Operation(
    tag="OpenAI",
    dialects=(RESPONSES_DIALECT,),
    errors=asking(TABLE),
    request=Request(Shape(wire.ResponsesRequest, PREFIX), EXAMPLES, notes_on(REFUSED, NO_EFFECT)),
    results=(Result(Shape(Response, PREFIX), whole(OPENAI_RESPONSES)),),
    stream=Stream((Shape(Event, PREFIX),), ORDER, streamed(OPENAI_RESPONSES)),
)
COMPACT = Operation(
    tag="OpenAI",
    dialects=(RESPONSES_DIALECT,),
    errors=asking(TABLE),
    request=Request(
        Shape(wire.ResponsesRequest, PREFIX), {"whole": _HELLO}, notes_on(REFUSED, NO_EFFECT)
    ),
    results=(Result(Shape(Compaction, PREFIX)),),
)
INPUT_TOKENS = Operation(
    tag="OpenAI",
    dialects=(RESPONSES_DIALECT,),
    errors=(*READING, ThreadNotFound, UnknownModel),
    request=Request(
        Shape(wire.ResponsesRequest, PREFIX), {"hello": _HELLO}, notes_on(REFUSED, NO_EFFECT)
    ),
    results=(Result(Shape(InputTokens, PREFIX), input_tokens_body(9)),),
)
RESPONSE = Operation(
    tag="OpenAI",
    dialects=(RESPONSES_DIALECT,),
    errors=_KEPT,
    results=(Result(Shape(Response, PREFIX), whole(OPENAI_RESPONSES)),),
    parameters=(_ID,),
)
DELETE = Operation(
    tag="OpenAI",
    dialects=(RESPONSES_DIALECT,),
    errors=_KEPT,
    results=(Result(Shape(Deleted, PREFIX)),),
    parameters=(_ID,),
)
INPUT_ITEMS = Operation(
    tag="OpenAI",
    dialects=(RESPONSES_DIALECT,),
    errors=_KEPT,
    results=(Result(Shape(ItemList, PREFIX)),),
    parameters=(_ID, *_PAGE),
)
CANCEL = Operation(
    tag="OpenAI",
    dialects=(RESPONSES_DIALECT,),
    errors=_KEPT,
    results=(Result(Shape(Response, PREFIX)),),
    parameters=(_ID,),
)

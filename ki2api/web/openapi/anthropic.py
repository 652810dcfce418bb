"""The descriptions of POST /v1/messages and below, and of errors as Anthropic tells them."""

from ki2api.errors import ThreadNotFound, UnknownModel
from ki2api.protocols.anthropic import ANTHROPIC as PROTOCOL
from ki2api.protocols.anthropic import count_tokens_body, wire
from ki2api.protocols.anthropic.decode import NO_EFFECT, REFUSED
from ki2api.protocols.anthropic.errors import TABLE
from ki2api.web.openapi.errors import READING, asking
from ki2api.web.openapi.notes import notes_on
from ki2api.web.openapi.operation import Dialect, Operation, Request, Result, Shape, Stream
from ki2api.web.openapi.replies.anthropic import Error, Event, Reply, TokenCount
from ki2api.web.openapi.sample import MODEL, streamed, whole

PREFIX = "Anthropic"

ANTHROPIC = Dialect(PROTOCOL, TABLE, Shape(Error, PREFIX))
ORDER = """\
`message_start`, then for each block of the content `content_block_start`, any number of \
`content_block_delta` and `content_block_stop`; at last `message_delta` with the stop reason and \
the usage, and `message_stop`. A `ping` may stand between any two events. What goes wrong after \
the stream began is told by a last event `error`: then no `message_stop` comes."""

_HELLO = {"model": MODEL, "messages": [{"role": "user", "content": "Hello, Claude!"}]}
_WEATHER = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    },
}
EXAMPLES = {
    "whole": {**_HELLO, "max_tokens": 1024},
    "stream": {**_HELLO, "max_tokens": 1024, "stream": True},
    "tool": {
        "model": MODEL,
        "max_tokens": 1024,
        "system": "Result in one sentence.",
        "messages": [{"role": "user", "content": "What is the weather in San Francisco?"}],
        "tools": [_WEATHER],
    },
    "search": {
        "model": MODEL,
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "Search the web for red pandas."}],
        "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 3}],
    },
}
_NOTES = notes_on(REFUSED, NO_EFFECT)

MESSAGES = Operation(
    tag="Anthropic",
    dialects=(ANTHROPIC,),
    errors=asking(TABLE),
    request=Request(Shape(wire.MessagesRequest, PREFIX), EXAMPLES, _NOTES),
    results=(Result(Shape(Reply, PREFIX), whole(PROTOCOL)),),
    stream=Stream((Shape(Event, PREFIX),), ORDER, streamed(PROTOCOL)),
)
COUNT_TOKENS = Operation(
    tag="Anthropic",
    dialects=(ANTHROPIC,),
    errors=(*READING, ThreadNotFound, UnknownModel),
    request=Request(Shape(wire.CountRequest, PREFIX), {"hello": _HELLO}, _NOTES),
    results=(Result(Shape(TokenCount, PREFIX), count_tokens_body(9)),),
)

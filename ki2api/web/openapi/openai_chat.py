"""The description of POST /v1/chat/completions, and of errors as OpenAI tells them."""

from ki2api.errors import ThreadNotFound
from ki2api.protocols.openai_chat import OPENAI_CHAT, wire
from ki2api.protocols.openai_chat.decode import NO_EFFECT, REFUSED
from ki2api.protocols.openai_errors import TABLE
from ki2api.web.openapi.errors import asking
from ki2api.web.openapi.notes import notes_on
from ki2api.web.openapi.operation import Dialect, Operation, Request, Result, Shape, Stream
from ki2api.web.openapi.replies.openai_chat import Chunk, Completion, Error
from ki2api.web.openapi.sample import MODEL, streamed, whole

PREFIX = "OpenAI"

OPENAI = Dialect(OPENAI_CHAT, TABLE, Shape(Error, PREFIX))
ORDER = """\
The data of every event is a chunk. First comes one with the role, then chunks with more of the \
`content`, the `reasoning_content` or the `tool_calls`, then one with the `finish_reason`; with \
`stream_options.include_usage` one more with the `usage` and no choices; at last `[DONE]`, which \
is no JSON. Comments (lines that begin with a colon) keep a silent stream open. What goes wrong \
after the stream began is told by a last event that is an error: then neither a `finish_reason` \
nor `[DONE]` comes."""

_HELLO = {"model": MODEL, "messages": [{"role": "user", "content": "Hello!"}]}
_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a given location",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
        },
    },
}
EXAMPLES = {
    "whole": _HELLO,
    "stream": {**_HELLO, "stream": True, "stream_options": {"include_usage": True}},
    "tool": {
        "model": MODEL,
        "messages": [
            {"role": "system", "content": "Result in one sentence."},
            {"role": "user", "content": "What is the weather in San Francisco?"},
        ],
        "tools": [_WEATHER],
    },
    "search": {
        "model": MODEL,
        "messages": [{"role": "user", "content": "Search the web for red pandas."}],
        "web_search_options": {},
    },
}

CHAT_COMPLETIONS = Operation(
    tag="OpenAI",
    dialects=(OPENAI,),
    errors=asking(TABLE, but={ThreadNotFound}),
    request=Request(Shape(wire.ChatRequest, PREFIX), EXAMPLES, notes_on(REFUSED, NO_EFFECT)),
    results=(Result(Shape(Completion, PREFIX), whole(OPENAI_CHAT)),),
    stream=Stream((Shape(Chunk, PREFIX), OPENAI.error), ORDER, streamed(OPENAI_CHAT)),
)

"""What the writing of a reply wants to know of its request."""

from collections.abc import Mapping

import msgspec

from ki2api.protocols.openai_responses.names import FlatNames

_NULL = msgspec.Raw(b"null")
ENCRYPTED = "reasoning.encrypted_content"
SOURCES = "web_search_call.action.sources"
"""What a search found, which is told in any case."""


class Echo(msgspec.Struct, frozen=True):
    """Fields of a request that its response repeats as they were sent."""

    instructions: msgspec.Raw = _NULL
    max_output_tokens: msgspec.Raw = _NULL
    max_tool_calls: msgspec.Raw = _NULL
    metadata: msgspec.Raw = _NULL
    parallel_tool_calls: msgspec.Raw = _NULL
    previous_response_id: msgspec.Raw = _NULL
    prompt_cache_key: msgspec.Raw = _NULL
    reasoning: msgspec.Raw = _NULL
    safety_identifier: msgspec.Raw = _NULL
    store: msgspec.Raw = _NULL
    temperature: msgspec.Raw = _NULL
    text: msgspec.Raw = _NULL
    tool_choice: msgspec.Raw = _NULL
    tools: msgspec.Raw = _NULL
    top_p: msgspec.Raw = _NULL
    truncation: msgspec.Raw = _NULL
    user: msgspec.Raw = _NULL


_ECHO = msgspec.json.Decoder(Echo)
# What the official API says where the request said nothing, or null.
_UNSAID = {
    "metadata": msgspec.Raw(b"{}"),
    "parallel_tool_calls": msgspec.Raw(b"true"),
    "reasoning": msgspec.Raw(b'{"effort":null,"summary":null}'),
    "store": msgspec.Raw(b"true"),
    "text": msgspec.Raw(b'{"format":{"type":"text"}}'),
    "tool_choice": msgspec.Raw(b'"auto"'),
    "tools": msgspec.Raw(b"[]"),
    "truncation": msgspec.Raw(b'"disabled"'),
}


class Asked(msgspec.Struct, frozen=True):
    """A request, as far as its reply depends on its own words."""

    echo: dict[str, msgspec.Raw]
    names: FlatNames = msgspec.field(default_factory=FlatNames)
    sealed: bool = False
    """Whether reasoning items bring what is opaque in them."""
    keep: bool = False
    items: Mapping[str, bytes] = {}
    """Those of this request alone, if they are to be kept."""
    previous: str | None = None
    compacts: bool = False
    """Whether a summary of the conversation is wanted in place of a reply."""


def echo_of(body: bytes) -> dict[str, msgspec.Raw]:
    """Read what is to be repeated of a body that was read before."""
    echo = msgspec.structs.asdict(_ECHO.decode(body))
    for name, unsaid in _UNSAID.items():
        if echo[name] == _NULL:
            echo[name] = unsaid
    return echo


NOTHING = Asked(echo_of(b"{}"))

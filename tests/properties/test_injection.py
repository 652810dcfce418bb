"""No text of anybody's breaks out of where it stands: of an event, of an answer, of a log line."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ki2api.cli.harmless import below, harmless
from ki2api.conversation import Conversation
from ki2api.errors import InvalidRequest, UpstreamDisconnected
from ki2api.events import PartDelta, PartEnded, PartStarted, ReplyEnded, ReplyEvent, ReplyStarted
from ki2api.protocols import ClientProtocol, Delivery
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.protocols.openai_responses import OPENAI_RESPONSES

DIALECTS = [ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES]
LINE_ENDS = re.compile(rb"\r\n|\n|\r")
"""As the standard of server-sent events has them."""
NASTY = [
    "\n\n",
    "\r\n\r\n",
    "\r",
    "\0",
    "\x1b[2J",
    "\x85",
    "\u2028",
    "\u2029",
    "\u202e",
    "\ufeff",
    "data: [DONE]",
    "event: message_stop",
    ": ",
    "id: 1",
    "retry: 0",
]
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=4), min_size=1, max_size=6).map("".join)
texts = texts.filter(bool)


def events(text: str) -> list[ReplyEvent]:
    """Make a reply that says this text wherever a model can."""
    given_to = msgspec.json.encode({"a": text}).decode()
    parts = [
        (PartStarted(0, "thinking"), text),
        (PartStarted(1, "text"), text),
        (PartStarted(2, "tool-call", "call_1", "look"), given_to),
    ]
    made: list[ReplyEvent] = [ReplyStarted(1)]
    for part, words in parts:
        made += [part, PartDelta(part.index, words), PartEnded(part.index)]
    return [*made, ReplyEnded("stop-sequence", text)]


def stream(dialect: ClientProtocol, text: str, *, broken: bool) -> bytes:
    """Write it as a client sees it who also chose the name of the model."""
    delivery = Delivery("f10e", text, 1_790_000_000, stream=True, include_usage=True)
    encoder = dialect.encoder(Conversation("claude-x", ()), delivery)
    said = events(text)
    if not broken:
        return encoder.feed(said)
    error = UpstreamDisconnected(text, path=text)
    return encoder.feed(said[:3]) + encoder.fail(error)


def fields(body: bytes) -> list[bytes]:
    """Return the lines of a stream without their data, as any reader of events cuts them."""
    lines = LINE_ENDS.split(body)
    return [line.partition(b": ")[0] if line.startswith(b"data: ") else line for line in lines]


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(text=texts)
def test_no_text_makes_another_event(dialect: ClientProtocol, text: str, *, broken: bool) -> None:
    body = stream(dialect, text, broken=broken)
    assert fields(body) == fields(stream(dialect, "harmless", broken=broken))
    said = [line[6:] for line in LINE_ENDS.split(body) if line.startswith(b"data: ")]
    found = [msgspec.json.decode(each) for each in said if each != b"[DONE]"]
    assert text in msgspec.json.encode(found).decode() or text in strings(found)


def strings(value: Any) -> list[str]:
    """Return each text in a JSON value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inner for text in strings(each)]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(text=texts)
def test_an_error_says_its_words_and_nothing_else(dialect: ClientProtocol, text: str) -> None:
    body = dialect.encode_error(InvalidRequest(text), "req_1")
    assert text in strings(msgspec.json.decode(body.content))
    plain = dialect.encode_error(InvalidRequest("harmless"), "req_1")
    assert (body.status, body.headers, body.media_type) == (
        plain.status,
        plain.headers,
        plain.media_type,
    )


@given(text=texts | st.text(st.characters(exclude_categories=[])))
def test_a_line_of_the_log_stays_one(text: str) -> None:
    line = harmless(text)
    assert len(line.splitlines()) <= 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line)
    assert line.encode().decode() == line
    assert harmless(line) == line
    assert all(each.startswith("  | ") for each in below(text).split("\n")[1:])

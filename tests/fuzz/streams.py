"""A stream of server-sent events: whole, or broken off and not to be taken for a whole one."""

import re
from collections.abc import Iterator

import msgspec

from ki2api.conversation import Conversation
from ki2api.protocols import ClientProtocol, Delivery, Encoder

LAST = {
    "anthropic": {"message_stop"},
    "openai-chat": {"[DONE]"},
    "openai-responses": {"response.completed", "response.incomplete"},
}
"""By what the end of a stream is known in each dialect: an event's name, or its whole data."""
_EVENT = re.compile(r"(?:event: (?P<name>[a-z_.]+)\n)?data: (?P<data>[^\r\n]+)\n\n|: [^\r\n]*\n\n")


def encoder_of(dialect: ClientProtocol) -> Encoder:
    """Make the encoder of one streamed reply."""
    delivery = Delivery("f10e", "claude-x", 1_790_000_000, stream=True, include_usage=True)
    return dialect.encoder(Conversation("claude-x", ()), delivery)


def events(stream: bytes) -> Iterator[tuple[str, str]]:
    """Read a stream as names and data; anything between two events is a failure."""
    text, at = stream.decode(), 0
    while at < len(text):
        found = _EVENT.match(text, at)
        assert found, text[at : at + 200]
        at = found.end()
        if data := found["data"]:
            assert data == "[DONE]" or isinstance(msgspec.json.decode(data), dict)
            yield found["name"] or data, data


def ended(dialect: str, stream: bytes) -> None:
    """Find the end of a whole reply where it belongs, and nowhere else."""
    *before, last = [name for name, _ in events(stream)]
    assert last in LAST[dialect], last
    assert not LAST[dialect] & set(before)


def failed(dialect: str, stream: bytes) -> None:
    """Find an error at the end of a broken stream, and no end of a whole reply."""
    *_, (_, last) = read = list(events(stream))
    assert b"error" in last.encode(), last
    assert not LAST[dialect] & {name for name, _ in read}

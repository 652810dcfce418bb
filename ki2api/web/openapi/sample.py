"""The reply that the examples of answers show, as each dialect's encoder writes it."""

from ki2api.conversation import Conversation
from ki2api.events import (
    PartDelta,
    PartEnded,
    PartStarted,
    ReplyEnded,
    ReplyStarted,
    Usage,
    UsageReported,
    fold,
)
from ki2api.protocols import ClientProtocol, Delivery, Encoder

MODEL = "claude-sonnet-4.5"
REQUEST_ID = "0123456789ab"
CREATED = 1_735_689_600

_EVENTS = (
    ReplyStarted(estimated_input=11),
    PartStarted(0, "text"),
    PartDelta(0, "Hello! "),
    PartDelta(0, "How can I help?"),
    PartEnded(0),
    UsageReported(Usage(input=9, output=8, source="upstream")),
    ReplyEnded("end"),
)


def streamed(protocol: ClientProtocol) -> str:
    """Return the reply as a stream."""
    return _encoder(protocol).feed(_EVENTS).decode()


def whole(protocol: ClientProtocol) -> bytes:
    """Return the reply as one body."""
    return _encoder(protocol).whole(fold(_EVENTS))


def _encoder(protocol: ClientProtocol) -> Encoder:
    delivery = Delivery(REQUEST_ID, MODEL, CREATED, stream=True)
    return protocol.encoder(Conversation(MODEL, turns=()), delivery)

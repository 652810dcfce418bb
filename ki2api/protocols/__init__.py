"""Client dialects, sans-IO: how requests are read and answers are written.

A dialect is one object that fits `ClientProtocol`; it makes one `Encoder` for each reply.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from ki2api.conversation import Conversation
from ki2api.errors import GatewayError
from ki2api.events import Reply, ReplyEvent

JSON = "application/json"


class RawRequest(msgspec.Struct, frozen=True):
    """A request as it came in; header names are lower case, `received` is in Unix seconds."""

    id: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    received: float
    peer: str = ""
    key: str = ""
    """The label of the key by which the door let it in; nothing where there was no door."""


class Delivery(msgspec.Struct, frozen=True):
    """How the caller wants the reply, and the facts about it that every dialect repeats."""

    id: str
    model: str
    """The model's name as the caller wrote it."""
    created: int
    """Unix seconds."""
    stream: bool = False
    include_usage: bool = False
    kept: object = None
    """What the dialect wants to find again when it writes the reply."""


class Body(msgspec.Struct, frozen=True):
    """A complete answer."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    media_type: str = JSON


class Model(Protocol):
    """What a dialect tells of a model that is offered."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def window(self) -> int | None: ...
    @property
    def max_output(self) -> int | None: ...


class Encoder(Protocol):
    """Writes one reply; holds the state of one stream."""

    def feed(self, batch: Sequence[ReplyEvent]) -> bytes:
        """Write a batch as SSE bytes; b"" when it says nothing in this dialect."""

    def fail(self, error: GatewayError) -> bytes:
        """Write the in-stream error; after it the stream ends without its terminal event."""

    def whole(self, reply: Reply) -> bytes:
        """Write the form that is not streamed."""


class ClientProtocol(Protocol):
    """One client dialect."""

    name: str
    fields: Collection[str]
    """What may stand at the top of a request; the rest means nothing here."""
    ping: bytes
    """Keeps a silent stream open; safe at any moment between two events."""

    def decode(
        self, request: RawRequest, *, drop_unknown: bool = False
    ) -> tuple[Conversation, Delivery]:
        """Read a request; raises InvalidRequest with the path of what cannot be served."""

    def encoder(self, conversation: Conversation, delivery: Delivery) -> Encoder:
        """Make the encoder of one reply."""

    def encode_error(self, error: GatewayError, request_id: str) -> Body:
        """Write an error as a complete answer with its status."""

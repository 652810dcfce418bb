"""The dialect of OpenAI's Responses API."""

from collections.abc import Collection
from functools import partial

from ki2api.conversation import Conversation
from ki2api.protocols import ClientProtocol, Delivery, Encoder, RawRequest
from ki2api.protocols.openai_errors import encode_error
from ki2api.protocols.openai_responses.asked import Asked
from ki2api.protocols.openai_responses.compacting import CompactedEncoder, CompactionEncoder
from ki2api.protocols.openai_responses.decode import decode, decode_compact
from ki2api.protocols.openai_responses.encode import OpenAIResponsesEncoder
from ki2api.protocols.openai_responses.keeping import keep
from ki2api.protocols.openai_responses.wire import ResponsesRequest
from ki2api.protocols.sse import COMMENT
from ki2api.shelf import Drawer, Shelf

__all__ = ["OPENAI_RESPONSES", "OpenAICompaction", "OpenAIResponses"]


class OpenAIResponses:
    """The dialect as one caller speaks it: replies are kept in the caller's own drawer."""

    name = "openai_responses"
    fields: Collection[str] = ResponsesRequest.__struct_fields__
    ping = COMMENT
    encode_error = staticmethod(encode_error)

    def __init__(self, drawer: Drawer) -> None:
        self._drawer = drawer

    def decode(
        self, request: RawRequest, *, drop_unknown: bool = False
    ) -> tuple[Conversation, Delivery]:
        """Read the body of POST /v1/responses."""
        return decode(request, self._drawer, drop_unknown=drop_unknown)

    def encoder(self, conversation: Conversation, delivery: Delivery) -> Encoder:
        """Make the encoder of one reply."""
        compacts = isinstance(delivery.kept, Asked) and delivery.kept.compacts
        kind = CompactionEncoder if compacts else OpenAIResponsesEncoder
        return kind(conversation, delivery, partial(keep, self._drawer))


class OpenAICompaction(OpenAIResponses):
    """The same for POST /v1/responses/compact."""

    def decode(
        self, request: RawRequest, *, drop_unknown: bool = False
    ) -> tuple[Conversation, Delivery]:
        """Read the body of POST /v1/responses/compact."""
        return decode_compact(request, self._drawer, drop_unknown=drop_unknown)

    def encoder(self, conversation: Conversation, delivery: Delivery) -> Encoder:
        """Make the encoder of one summary."""
        return CompactedEncoder(conversation, delivery, partial(keep, self._drawer))


OPENAI_RESPONSES: ClientProtocol = OpenAIResponses(Shelf(most=0).of(""))
"""The dialect where nothing is kept."""

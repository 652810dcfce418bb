"""The dialect of Anthropic's Messages API."""

from collections.abc import Collection

from ki2api.protocols import ClientProtocol
from ki2api.protocols.anthropic.decode import decode, decode_count
from ki2api.protocols.anthropic.encode import PING, AnthropicEncoder
from ki2api.protocols.anthropic.errors import encode_error
from ki2api.protocols.anthropic.models import count_tokens_body, model_body, models_body
from ki2api.protocols.anthropic.wire import MessagesRequest

__all__ = ["ANTHROPIC", "count_tokens_body", "decode_count", "model_body", "models_body"]


class _Anthropic:
    name = "anthropic"
    fields: Collection[str] = MessagesRequest.__struct_fields__
    ping = PING
    decode = staticmethod(decode)
    encoder = AnthropicEncoder
    encode_error = staticmethod(encode_error)


ANTHROPIC: ClientProtocol = _Anthropic()

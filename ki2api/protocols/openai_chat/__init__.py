"""The dialect of OpenAI's Chat Completions API."""

from collections.abc import Collection

from ki2api.protocols import ClientProtocol
from ki2api.protocols.openai_chat.decode import decode
from ki2api.protocols.openai_chat.encode import OpenAIChatEncoder
from ki2api.protocols.openai_chat.models import model_body, models_body
from ki2api.protocols.openai_chat.wire import ChatRequest
from ki2api.protocols.openai_errors import encode_error
from ki2api.protocols.sse import COMMENT

__all__ = ["OPENAI_CHAT", "model_body", "models_body"]


class _OpenAIChat:
    name = "openai_chat"
    fields: Collection[str] = ChatRequest.__struct_fields__
    ping = COMMENT
    decode = staticmethod(decode)
    encoder = OpenAIChatEncoder
    encode_error = staticmethod(encode_error)


OPENAI_CHAT: ClientProtocol = _OpenAIChat()

"""The routes that ask a model: each hands the request to the chain in its own dialect."""

from litestar.types import ASGIApp

from ki2api.protocols import Body, anthropic
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.protocols.openai_responses import OpenAICompaction, OpenAIResponses
from ki2api.protocols.openai_responses.counting import input_tokens_body
from ki2api.protocols.openai_responses.decode import decode_count
from ki2api.web.answers import complete
from ki2api.web.openapi.anthropic import COUNT_TOKENS, MESSAGES
from ki2api.web.openapi.openai_chat import CHAT_COMPLETIONS
from ki2api.web.openapi.openai_responses import COMPACT, INPUT_TOKENS, RESPONSES
from ki2api.web.openapi.operation import OPERATION
from ki2api.web.reading import AnyRequest, caller, gateway_of, raw
from ki2api.web.routing import post


@post("/v1/messages", opt={OPERATION: MESSAGES})
async def messages(request: AnyRequest) -> ASGIApp:
    """Anthropic Messages."""
    return gateway_of(request).answer(await raw(request), ANTHROPIC)


@post("/v1/chat/completions", opt={OPERATION: CHAT_COMPLETIONS})
async def chat_completions(request: AnyRequest) -> ASGIApp:
    """OpenAI Chat Completions."""
    return gateway_of(request).answer(await raw(request), OPENAI_CHAT)


@post("/v1/responses", opt={OPERATION: RESPONSES})
async def responses(request: AnyRequest) -> ASGIApp:
    """OpenAI Responses."""
    gateway = gateway_of(request)
    dialect = OpenAIResponses(gateway.shelf.of(caller(request)))
    return gateway.answer(await raw(request), dialect)


@post("/v1/responses/compact", opt={OPERATION: COMPACT})
async def compact(request: AnyRequest) -> ASGIApp:
    """Make a conversation of the Responses API shorter, by a summary of the model's."""
    gateway = gateway_of(request)
    dialect = OpenAICompaction(gateway.shelf.of(caller(request)))
    return gateway.answer(await raw(request), dialect)


@post("/v1/responses/input_tokens", opt={OPERATION: INPUT_TOKENS})
async def input_tokens(request: AnyRequest) -> ASGIApp:
    """Estimate the input tokens of a request of the Responses API; nothing is sent to Kiro."""
    gateway = gateway_of(request)
    conversation = decode_count(await raw(request), gateway.shelf.of(caller(request)))
    body = input_tokens_body(gateway.count(conversation))
    return complete(request, Body(body)).to_asgi_response(None, request)


@post("/v1/messages/count_tokens", opt={OPERATION: COUNT_TOKENS})
async def count_tokens(request: AnyRequest) -> ASGIApp:
    """Estimate the input tokens of a Messages request; nothing is sent to Kiro."""
    conversation = anthropic.decode_count(await raw(request))
    body = anthropic.count_tokens_body(gateway_of(request).count(conversation))
    return complete(request, Body(body)).to_asgi_response(None, request)

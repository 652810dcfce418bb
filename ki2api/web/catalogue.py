"""The routes that list models, in the shape that the caller speaks."""

from typing import Annotated

from litestar import get
from litestar.params import Parameter

from ki2api.protocols import Body
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.anthropic import models as anthropic
from ki2api.protocols.openai_chat import models as openai
from ki2api.web.answers import Answer, complete
from ki2api.web.openapi.models import LONGEST_ID, MODELS, ONE_MODEL
from ki2api.web.openapi.operation import OPERATION
from ki2api.web.reading import AnyRequest, dialect, gateway_of

CREATED = 1735689600
"""Unix seconds of 2025-01-01; Kiro does not say when a model came, and clients want a number."""


@get("/v1/models", opt={OPERATION: MODELS})
async def models(request: AnyRequest) -> Answer:
    """Every model that a ready account offers, and every alias."""
    gateway = gateway_of(request)
    await gateway.pool.learn_models()
    shape = anthropic if dialect(request) is ANTHROPIC else openai
    return complete(request, Body(shape.models_body(gateway.models.shown(), CREATED)))


@get("/v1/models/{model_id:path}", opt={OPERATION: ONE_MODEL})
async def model(
    request: AnyRequest, model_id: Annotated[str, Parameter(max_length=len("/") + LONGEST_ID)]
) -> Answer:
    """One model, by any name that would be served by it."""
    gateway = gateway_of(request)
    await gateway.pool.learn_models()
    shape = anthropic if dialect(request) is ANTHROPIC else openai
    return complete(
        request, Body(shape.model_body(gateway.models.show(model_id.removeprefix("/")), CREATED))
    )

"""The routes that list models, in the shape that the caller speaks."""

from typing import Annotated

from litestar import get
from litestar.params import Parameter

from ki2api.errors import UnknownModel
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
    """Every model that the catalogue knows."""
    shape = anthropic if dialect(request) is ANTHROPIC else openai
    return complete(request, Body(shape.models_body(gateway_of(request).models.models(), CREATED)))


@get("/v1/models/{model_id:str}", opt={OPERATION: ONE_MODEL})
async def model(
    request: AnyRequest, model_id: Annotated[str, Parameter(max_length=LONGEST_ID)]
) -> Answer:
    """One model, by any name that would be served by it."""
    catalogue = gateway_of(request).models
    if not catalogue.known(model_id):
        near = catalogue.near(model_id)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise UnknownModel(f"There is no model '{model_id}'.{hint}")
    shape = anthropic if dialect(request) is ANTHROPIC else openai
    return complete(request, Body(shape.model_body(catalogue.find(model_id).model, CREATED)))

"""The descriptions of GET /v1/models and of one model below it."""

from ki2api.errors import UnknownModel
from ki2api.models import Catalogue
from ki2api.protocols.anthropic import models as anthropic
from ki2api.protocols.openai_chat import models as openai
from ki2api.web.openapi.anthropic import PREFIX as ANTHROPIC
from ki2api.web.openapi.dialects import EITHER
from ki2api.web.openapi.errors import GUARDED
from ki2api.web.openapi.openai_chat import PREFIX as OPENAI
from ki2api.web.openapi.operation import Operation, Result, Shape
from ki2api.web.openapi.replies.anthropic import ModelInfo, ModelPage
from ki2api.web.openapi.replies.openai_chat import Model, ModelList
from ki2api.web.openapi.sample import CREATED, MODEL

LONGEST_ID = 200
"""Characters."""

_MODEL = Catalogue().find(MODEL).model

MODELS = Operation(
    tag="Models",
    dialects=EITHER,
    errors=GUARDED,
    results=(
        Result(Shape(ModelList, OPENAI), openai.models_body([_MODEL], CREATED)),
        Result(Shape(ModelPage, ANTHROPIC), anthropic.models_body([_MODEL], CREATED)),
    ),
)
ONE_MODEL = Operation(
    tag="Models",
    dialects=EITHER,
    errors=(*GUARDED, UnknownModel),
    results=(
        Result(Shape(Model, OPENAI), openai.model_body(_MODEL, CREATED)),
        Result(Shape(ModelInfo, ANTHROPIC), anthropic.model_body(_MODEL, CREATED)),
    ),
    parameters=(
        {
            "name": "model_id",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "maxLength": LONGEST_ID},
            "example": MODEL,
        },
    ),
)

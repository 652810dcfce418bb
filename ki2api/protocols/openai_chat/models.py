"""The model catalogue, as OpenAI's clients expect it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ki2api.protocols import Model


def models_body(models: Sequence[Model], created: int) -> bytes:
    """Write the answer to GET /v1/models."""
    return msgspec.json.encode(
        {"object": "list", "data": [_model(model, created) for model in models]}
    )


def model_body(model: Model, created: int) -> bytes:
    """Write the answer to GET /v1/models/{id}."""
    return msgspec.json.encode(_model(model, created))


def _model(model: Model, created: int) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": created, "owned_by": "kiro"}

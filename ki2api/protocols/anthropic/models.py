"""The model catalogue and the token count, as Anthropic's clients expect them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from ki2api.protocols import Model


def models_body(models: Sequence[Model], created: int) -> bytes:
    """Write the answer to GET /v1/models: one page that holds them all."""
    return msgspec.json.encode(
        {
            "data": [_model(model, created) for model in models],
            "has_more": False,
            "first_id": models[0].id if models else None,
            "last_id": models[-1].id if models else None,
        }
    )


def model_body(model: Model, created: int) -> bytes:
    """Write the answer to GET /v1/models/{id}."""
    return msgspec.json.encode(_model(model, created))


def count_tokens_body(tokens: int) -> bytes:
    """Write the answer to POST /v1/messages/count_tokens."""
    return msgspec.json.encode({"input_tokens": tokens})


def _model(model: Model, created: int) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name or model.id,
        "created_at": datetime.fromtimestamp(created, UTC),
        "lifecycle": "active",
        "max_input_tokens": model.window,
        "max_tokens": model.max_output,
    }

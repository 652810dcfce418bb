"""The model catalogue and the token count, as Anthropic's clients expect them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from ki2api.models import ROUTER_ALIAS
from ki2api.protocols import Model


def models_body(models: Sequence[Model], created: int) -> bytes:
    """Write the answer to GET /v1/models: one page that holds them all.

    Other vendors' models come a second time as `anthropic/...`: Claude Code offers its user only
    names that begin with `claude` or `anthropic` (2026-11).
    """
    listed = [_model(model, created) for model in models]
    again = [
        {**model, "id": f"anthropic/{model['id']}"}
        for model in listed
        if model["id"] != ROUTER_ALIAS
        and not model["id"].lower().startswith(("claude", "anthropic"))
    ]
    page = [*listed, *again]
    return msgspec.json.encode(
        {
            "data": page,
            "has_more": False,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
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

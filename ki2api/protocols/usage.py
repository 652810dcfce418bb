"""What every dialect adds to the usage it tells: our own facts, under a name of our own."""

from typing import Any

from ki2api.events import Usage

FIELD = "ki2api"


def facts(usage: Usage) -> dict[str, Any]:
    """Say where the figures come from, and what Kiro told beside them."""
    told: dict[str, Any] = {"source": usage.source}
    if usage.credits is not None:
        told["credits"] = usage.credits
    if usage.context_percent is not None:
        told["context_percent"] = usage.context_percent
    if usage.thinking is not None:
        told["thinking_source"] = "estimate"
    return told

"""What every dialect adds to the usage it tells: our own facts, under a name of our own."""

from typing import Any

from ki2api.events import Usage

FIELD = "ki2api"


def facts(usage: Usage) -> dict[str, Any]:
    """Say where the figures come from, and what Kiro told beside them."""
    told = {
        "credits": usage.credits,
        "context_percent": usage.context_percent,
        "thinking_source": None if usage.thinking is None else "estimate",
    }
    return {
        "source": usage.source,
        **{name: figure for name, figure in told.items() if figure is not None},
    }

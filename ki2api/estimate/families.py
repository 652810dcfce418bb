"""Tokenizers that models share: which one a model has, by its id (docs/usage.md)."""

import re
from functools import lru_cache
from typing import Literal, TypeAlias

Family: TypeAlias = Literal["claude", "claude-4.7", "o200k"]

_CLAUDE = re.compile(r"claude\D*(\d+)(?:\.(\d+))?")
_RENEWED = (4, 7)
"""The Claude whose tokenizer was new: the same English has some 45 % more tokens from then on."""


# Asked several times for each request, of the few models that there are.
@lru_cache(maxsize=64)
def family_of(model_id: str) -> Family:
    """Return the tokenizer of a model; the one of GPT stands in for all that are unknown."""
    if found := _CLAUDE.match(model_id):
        version = int(found[1]), int(found[2] or 0)
        return "claude-4.7" if version >= _RENEWED else "claude"
    # What the router takes is not known; most of what it is reported to take is of this kind.
    return "claude" if model_id == "auto" else "o200k"

"""What every dialect adds to its usage."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from ki2api.events import UsageSource


class UsageFacts(Struct):
    """Who counted: Kiro (`upstream`), Kiro by how full the context is (`derived`), or Ki2API."""

    source: UsageSource
    credits: float | UnsetType = UNSET
    context_percent: float | UnsetType = UNSET
    thinking_source: Literal["estimate"] | UnsetType = UNSET
    """Where there were thoughts: Kiro does not count them."""

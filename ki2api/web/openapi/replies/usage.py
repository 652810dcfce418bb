"""What every dialect adds to its usage."""

from msgspec import UNSET, Struct, UnsetType

from ki2api.events import UsageSource


class UsageFacts(Struct):
    """Who counted: Kiro (`upstream`), Kiro by how full the context is (`derived`), or Ki2API."""

    source: UsageSource
    credits: float | UnsetType = UNSET
    context_percent: float | UnsetType = UNSET

"""How much Kiro takes at once (docs/kiro.md §3.5, §3.7, §3.8)."""

from typing import Literal

import msgspec

MIB = 1024 * 1024
_STANDARD_WINDOW = 200_000
_MOST_GROWTH = 2.6
"""3.4 MB passed on models with windows of a million tokens, 4.5 MB did not (KIROGO, 2026-07)."""
_WIDE = 8
"""What a character outside ASCII weighs (black-box test by SUB2 and 2UE, 2026-09)."""
_WIDE_PER_BYTE = _WIDE // 2
"""No character outside ASCII is shorter than two bytes, so a byte weighs at most this."""
MOST_IN_A_MESSAGE = 600_000
MOST_IN_A_RESULT = 800_000
"""Characters; an official client's own (QCLI). Watched only: Kiro took 3.4 MB (§3.8, KIROGO)."""


class Limits(msgspec.Struct, frozen=True):
    """Limits of one request, and where its system text stands."""

    max_images: int = 10
    max_image_bytes: int = 10 * MIB
    max_image_side: int = 8_000
    """Pixels; the models' own limit, as Kiro's is not known (IMAGE_DIMENSION_EXCEEDED)."""
    max_documents: int = 5
    max_document_bytes: int = 4_500_000
    """As Amazon Bedrock takes them; Kiro's own figures are not known (docs/kiro.md §3.7)."""
    max_weight: int = 1_300_000
    """For a window of 200,000 tokens; it grows with the window, up to 2.6 times."""
    max_tools: int = 256
    """380 were refused by the service (T14)."""
    tool_description: int = 10_000
    max_history: int = 10_000
    system_prompt: Literal["first-turn", "history-pair"] = "first-turn"

    def weight_for(self, window: int) -> int:
        """Return the weight that a model with this window takes."""
        growth = min(max(1.0, window / _STANDARD_WINDOW), _MOST_GROWTH)
        return int(self.max_weight * growth)


def weight(text: bytes) -> int:
    """Weigh UTF-8 text as Kiro does: characters outside ASCII weigh more."""
    whole = text.decode()
    narrow = len(whole.encode("ascii", "ignore"))
    return narrow + _WIDE * (len(whole) - narrow)


def surely_within(size: int, limit: int) -> bool:
    """Tell by its length in bytes alone that a text weighs no more than the limit."""
    return size * _WIDE_PER_BYTE <= limit

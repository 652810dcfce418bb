"""How much a client may send at once, and how slow it may be."""

import msgspec


class Pace(msgspec.Struct, frozen=True):
    """How much a client may send ahead of its request's body, and how slow it may be."""

    head_bytes: int = 32 * 1024
    head_fields: int = 100
    head_seconds: float = 10.0
    """From the connection, or the first byte, to the end of the head."""
    body_bytes: int = 1024
    """What must come of a body in each second, on the average of the next span."""
    body_seconds: float = 10.0
    """One such span; in the first one nothing must come."""
    stall_seconds: float = 60.0
    """How long a client may read nothing of what is sent to it."""

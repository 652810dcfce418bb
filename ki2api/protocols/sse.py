"""Server-sent events: the one place that knows their framing."""

COMMENT = b": keep-alive\n\n"
"""A frame that every client skips."""


def frame(data: bytes, event: bytes = b"") -> bytes:
    """Write one event. `data` must be JSON, which never holds a bare line break."""
    if event:
        return b"event: " + event + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"

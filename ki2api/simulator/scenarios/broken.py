"""Scenarios of the wire: silence, resets, cuts and wrong bytes.

A scenario is a function; its name with hyphens is how it is called, its docstring what is printed.
"""

from ki2api.simulator.plan import Break, Plan
from ki2api.simulator.scenarios.values import Values

_SOME_BYTES = 300


def hang(plan: Plan, _: Values) -> None:
    """Take the request and never answer."""
    plan.unanswered, plan.break_by = True, "silence"


def reset(plan: Plan, _: Values) -> None:
    """Reset the connection before a response."""
    plan.unanswered, plan.break_by = True, "reset"


def hang_up(plan: Plan, _: Values) -> None:
    """Close the connection before a response."""
    plan.unanswered, plan.break_by = True, "close"


def reset_midway(plan: Plan, values: Values) -> None:
    """Reset the connection after at=300 bytes of the stream."""
    _break(plan, values, "reset")


def cut(plan: Plan, values: Values) -> None:
    """Close the connection after at=300 bytes of the stream, without the end of the chunks."""
    _break(plan, values, "close")


def half_close(plan: Plan, values: Values) -> None:
    """Send FIN after at=300 bytes of the stream and go on listening."""
    _break(plan, values, "half-close")


def stall(plan: Plan, values: Values) -> None:
    """Fall silent for ever after at=300 bytes of the stream."""
    _break(plan, values, "silence")


def truncated(plan: Plan, values: Values) -> None:
    """End the response properly after at=300 bytes, inside a frame."""
    _break(plan, values, "end")


def stale(plan: Plan, _: Values) -> None:
    """Answer well, and then close the connection that was to stay open."""
    plan.break_by = "stale"


def corrupt(plan: Plan, values: Values) -> None:
    """Turn over the byte at=300 of the stream."""
    plan.corrupt_at = values.integer("at", _SOME_BYTES)


def silence(plan: Plan, values: Values) -> None:
    """Wait seconds=60 before the first byte of the response."""
    plan.first_seconds = values.number("seconds", 60)


def pause(plan: Plan, values: Values) -> None:
    """Wait seconds=60 in the middle, after=3 frames of the stream."""
    plan.chunking = "frames"
    plan.pause_after = values.integer("after", 3)
    plan.pause_seconds = values.number("seconds", 60)


def drip(plan: Plan, values: Values) -> None:
    """Send the stream byte by byte with seconds=0.01 between them."""
    plan.chunking = "bytes"
    plan.piece_seconds = values.number("seconds", 0.01)


def _break(plan: Plan, values: Values, by: Break) -> None:
    """Break after a byte, or at the border of a frame where frames=… says after how many."""
    plan.break_by = by
    if values.has("frames"):
        frames = values.integer("frames", 0)
        plan.changes.append(lambda events: events[:frames])
    else:
        plan.break_at = values.integer("at", _SOME_BYTES)

"""Python's collector of cyclic garbage: not while we are imported, and for a server rarely."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

EVERY = 2_000, 10, 5
"""Objects more than were freed before it looks at the young ones, and how often it does that before
it looks at older ones. With 10,000 a busy server held 30 MB more, and was no faster."""


@contextmanager
def resting() -> Iterator[None]:
    """Let it rest while modules are imported, and leave alone for good what they have made.

    Looking at it takes a good part of a start, and finds next to nothing (docs/design.md §9).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def settle() -> None:
    """Leave alone from now on what the start has made, and look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*EVERY)

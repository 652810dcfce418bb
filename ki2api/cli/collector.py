"""Python's collector of cyclic garbage, set for a server: rarely, and not over what stays."""

import gc

EVERY = 10_000
"""Objects more than were freed before it looks; the default of 700 is met by every request."""


def settle() -> None:
    """Leave alone from now on what the start has made, and look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(EVERY)

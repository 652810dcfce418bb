"""How many connections of clients the system lets a process have."""

import sys

WANTED = 65_536
"""Descriptors: more are of no use."""
KEPT = 32
"""For the log, the state, stages and the event loop itself."""


def most_connections() -> int:
    """Take as many descriptors as may be had, and return how many clients that is room for.

    Each may have a connection to Kiro besides its own. The usual limit of 1,024 is for programs of
    long ago; the hard one is what the system means.
    """
    if sys.platform == "win32":
        return WANTED
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = WANTED
    soft = max(soft, min(hard, WANTED))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, (soft - KEPT) // 2)

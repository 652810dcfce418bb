"""The time of the day that does not jump while the process runs."""

import time
from collections.abc import Callable
from functools import partial

# Of the steady clocks of Linux this one goes on while the machine sleeps.
_STEADY = getattr(time, "CLOCK_BOOTTIME", None)
_steady: Callable[[], float] = (
    time.monotonic if _STEADY is None else partial(time.clock_gettime, _STEADY)
)


def steady_time() -> float:
    """Return Unix seconds, read once and then counted on by a clock that nobody sets.

    An hour's correction of the system's clock would otherwise end, or double, every pause. All that
    concerns accounts goes by this one: where another clock said when a token ends, each new one
    might have ended before it came.
    """
    return _OFFSET + _steady()


_OFFSET = time.time() - _steady()

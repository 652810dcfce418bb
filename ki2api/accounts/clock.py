"""The time of the day that does not jump while the process runs."""

import time

# Of the steady clocks of Linux this one goes on while the machine sleeps.
_STEADY = getattr(time, "CLOCK_BOOTTIME", None)


class SteadyClock:
    """Unix seconds, read once and then counted on by a clock that nobody sets.

    An hour's correction of the system's clock would otherwise end, or double, every pause.
    """

    def __init__(self) -> None:
        self._offset = time.time() - _steady()

    def __call__(self) -> float:
        return self._offset + _steady()


def _steady() -> float:
    return time.monotonic() if _STEADY is None else time.clock_gettime(_STEADY)

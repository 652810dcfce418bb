"""Measures how quickly texts are estimated, against the plainest way to look at every character.

`python -m tests.bench.estimate` prints, for each kind of text, megabytes of UTF-8 a second of
processor time, and how many times as long as `str.split` it takes.
"""

import sys
from collections import defaultdict
from collections.abc import Callable
from time import process_time

from ki2api.estimate.text import exact
from tests.bench.fit_tokens import samples

_LENGTH = 1_000_000
_ROUNDS = 7


def texts() -> dict[str, str]:
    """Return a text of some million characters of each kind."""
    joined: defaultdict[str, str] = defaultdict(str)
    for part in samples():
        for sample in part:
            joined[sample.kind] += sample.text + "\n"
    return {kind: text * (_LENGTH // len(text) + 1) for kind, text in joined.items()}


def seconds(measured: Callable[[], object]) -> float:
    """Return the best of some rounds, since the machine does other things too."""
    best = float("inf")
    for _ in range(_ROUNDS):
        begun = process_time()
        measured()
        best = min(best, process_time() - begun)
    return best


def _compared(text: str) -> tuple[float, float]:
    estimate, split = seconds(lambda: exact(text, "claude")), seconds(text.split)
    return len(text.encode()) / estimate / 1e6, estimate / split


if __name__ == "__main__":
    for kind, text in texts().items():
        speed, times = _compared(text)
        sys.stdout.write(f"{kind:14} {speed:6.1f} MB/s {times:5.1f} x split\n")

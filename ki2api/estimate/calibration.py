"""Learns from what Kiro reports how a model counts: its own prompt, and its measure against ours.

A straight line is kept for each model, `reported = hidden + factor * estimated`. It begins at what
is commonly known and follows the reports by least squares of relative errors, older reports fading.
"""

import msgspec

from ki2api.estimate.request import Estimate
from ki2api.events import Usage

HIDDEN = 4_100
"""Tokens of Kiro's own prompt, which a caller does not see (docs/kiro.md §4.7)."""
_MOST_HIDDEN = 20_000.0
_FACTORS = (0.6, 1.7)
_FADE = 0.95
"""What a report counts for when the next one comes: the last 20 make most of the line."""
_TRUST, _LEAST_TRUST = 2.0, 0.1
"""How many reports the beginning is worth, at first and for ever."""
_ODD = 3.0
"""A report that is so many times off is no measure: a wrong window, or a prompt that was cut."""
_STEP = 1.5
"""What a single report may say at most, in multiples of what was expected."""
_MODELS = 256
_FULL = 100.0


class Line(msgspec.Struct):
    """One model's line, and the sums of least squares that it follows from."""

    hidden: float = float(HIDDEN)
    factor: float = 1.0
    reports: int = 0
    ones: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    y: float = 0.0
    xy: float = 0.0

    def at(self, estimated: float) -> float:
        """Return what Kiro would report."""
        return self.hidden + self.factor * estimated

    def learn(self, estimated: float, reported: float) -> None:
        """Take a report of input and output together, unless it is too odd to learn from."""
        expected = self.at(estimated)
        if not expected / _ODD < reported < expected * _ODD:
            return
        believed = min(max(reported, expected / _STEP), expected * _STEP)
        # Errors are relative, so a report counts by the inverse of its size, squared.
        self._add(estimated / expected, 1.0 / expected, believed / expected)
        self.reports += 1
        self._solve()

    def _add(self, x: float, one: float, y: float) -> None:
        self.ones = self.ones * _FADE + one * one
        self.x = self.x * _FADE + x * one
        self.xx = self.xx * _FADE + x * x
        self.y = self.y * _FADE + y * one
        self.xy = self.xy * _FADE + y * x

    def _solve(self) -> None:
        """Find the line nearest to the reports and, the less they are, to where it began."""
        trust = max(_TRUST * _FADE**self.reports, _LEAST_TRUST)
        a, b, c = self.ones + trust / HIDDEN**2, self.x, self.xx + trust
        p, q = self.y + trust / HIDDEN, self.xy + trust
        scale = a * c - b * b
        self.factor = min(max((a * q - b * p) / scale, _FACTORS[0]), _FACTORS[1])
        self.hidden = min(max((p - b * self.factor) / a, 0.0), _MOST_HIDDEN)


class Calibration:
    """The lines of all models, as long as the process lives; nothing is written anywhere."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    def of(self, model_id: str) -> Line:
        """Return the line of a model, as it is now."""
        return self._lines.get(model_id) or Line()

    def learn(self, model_id: str, window: int, estimate: Estimate, usage: Usage) -> None:
        """Take what Kiro reported of a reply, where that says something of our measure.

        Pictures and files are guesses, and a context that is full may have been cut.
        """
        percent = usage.context_percent or 0.0
        if usage.source == "upstream":
            reported = float(usage.whole_input + usage.output)
        elif usage.source == "derived" and percent < _FULL:
            reported = percent / _FULL * window
        else:
            return
        if estimate.attached or (model_id not in self._lines and len(self._lines) >= _MODELS):
            return
        line = self._lines.setdefault(model_id, Line())
        line.learn(estimate.tokens + usage.output / line.factor, reported)

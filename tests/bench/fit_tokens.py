"""Fits the weights of the estimate to counted texts, and shows how good it is.

`python -m tests.bench.fit_tokens` prints the accuracy table of docs/usage.md;
with `--write` it writes ki2api/estimate/weights.py anew. Nothing but tests/data/tokens.json is read.
"""

import sys
from collections import defaultdict
from operator import mul
from pathlib import Path
from typing import get_args

import msgspec

from ki2api.estimate.families import Family
from ki2api.estimate.shape import FIGURES, shape
from ki2api.estimate.text import exact

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "tokens.json"
WEIGHTS = ROOT / "ki2api" / "estimate" / "weights.py"
FAMILIES: tuple[Family, ...] = get_args(Family)
SHORT = 250
"""Characters."""
_HELD_OUT = 3
"""Of so many texts of a kind, one is kept from the fit."""
_FLATTEN = 0.75
"""Between 0, where every token counts alike, and 1, where every text does."""
_RIDGE = 1e-3
_PROSE = 1.5
"""How much more prose counts, which is what most people write."""


class Sample(msgspec.Struct, frozen=True):
    """A text with its tokens in each family, in the order of FAMILIES."""

    kind: str
    source: str
    text: str
    tokens: tuple[int, int, int]


def samples() -> tuple[list[Sample], list[Sample]]:
    """Return the texts to fit by, and those that are held out."""
    fitted: list[Sample] = []
    held: list[Sample] = []
    seen: defaultdict[str, int] = defaultdict(int)
    for sample in msgspec.json.decode(DATA.read_bytes(), type=list[Sample]):
        seen[sample.kind] += 1
        (fitted if seen[sample.kind] % _HELD_OUT else held).append(sample)
    return fitted, held


def fit(fitted: list[Sample], family: int) -> list[float]:
    """Find the weights with the least squares of relative errors, a little drawn to zero."""
    rows, goals = [], []
    for sample in fitted:
        goal = sample.tokens[family]
        worth = (_PROSE if sample.kind in {"english", "latin"} else 1.0) ** 0.5 / max(
            goal, 20
        ) ** _FLATTEN
        rows.append([count * worth for count in shape(sample.text)])
        goals.append(goal * worth)
    columns = list(zip(*rows, strict=True))
    scale = [sum(map(mul, column, column)) ** 0.5 or 1.0 for column in columns]
    matrix = [
        [sum(map(mul, one, other)) / (a * b) for other, b in zip(columns, scale, strict=True)]
        for one, a in zip(columns, scale, strict=True)
    ]
    for place, row in enumerate(matrix):
        row[place] += _RIDGE
    right = [sum(map(mul, column, goals)) / a for column, a in zip(columns, scale, strict=True)]
    return [round(x / a, 3) for x, a in zip(_solved(matrix, right), scale, strict=True)]


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve by elimination; the matrix is symmetric and positive, so no pivot is looked for."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for place, row in enumerate(rows):
        for other in rows[place + 1 :]:
            ratio = other[place] / row[place]
            other[place:] = [a - ratio * b for a, b in zip(other[place:], row[place:], strict=True)]
    found = [0.0] * len(rows)
    for place in reversed(range(len(rows))):
        row = rows[place]
        found[place] = (row[-1] - sum(map(mul, row[:-1], found))) / row[place]
    return found


def written(weights: dict[Family, list[float]]) -> str:
    """Write weights.py."""
    table = "".join(
        f'    "{family}": (\n'
        + "".join(
            f"        {weight},  # {name}\n" for name, weight in zip(FIGURES, row, strict=True)
        )
        + "    ),\n"
        for family, row in weights.items()
    )
    return (
        '"""What each figure of a shape is worth in tokens, as tests/bench/fit_tokens.py found."""\n\n'
        "from ki2api.estimate.families import Family\n\n"
        f"WEIGHTS: dict[Family, tuple[float, ...]] = {{\n{table}}}\n"
    )


def error(sample: Sample, family: int) -> float:
    """Return the relative error of the estimate."""
    counted = sample.tokens[family]
    return exact(sample.text, FAMILIES[family]) / counted - 1


def accuracy(held: list[Sample]) -> str:
    """Write the table of the mean absolute errors, and the bias in brackets."""
    head = ("kind", *FAMILIES)
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for kind in dict.fromkeys(sample.kind for sample in held):
        for name, long in ((f"{kind}, short", False), (f"{kind}, long", True)):
            chosen = [s for s in held if s.kind == kind and (len(s.text) >= SHORT) is long]
            if chosen:
                cells = (_cell(chosen, family) for family in range(len(FAMILIES)))
                lines.append(f"| {name} ({len(chosen)}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(chosen: list[Sample], family: int) -> str:
    errors = [error(sample, family) for sample in chosen]
    mean = sum(map(abs, errors)) / len(errors)
    return f"{mean:.1%} ({sum(errors) / len(errors):+.1%})"


if __name__ == "__main__":
    to_fit, held_out = samples()
    if "--write" in sys.argv:
        found = {family: fit(to_fit, place) for place, family in enumerate(FAMILIES)}
        WEIGHTS.write_text(written(found))
    else:
        sys.stdout.write(accuracy(held_out) + "\n")

"""Whether the settings file may be believed, since it can name code and where tokens are sent."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from re import compile as pattern
from typing import Any

from msgspec import Struct

from pipeline.locate import Source, joined
from pipeline.trust import open_to_others, strange_owner

_CODE = pattern(r"(?!(?:env|file):)(?:.+\.py(?::\w+)?|[\w.]+:\w+)")
"""How a setting names code: a file, a function in one, or an object of a package."""


class Doubt(Struct, frozen=True):
    """What speaks against a settings file: `refused` keeps it out, `warned` is only told."""

    refused: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()


def doubt(
    path: Path,
    status: os.stat_result,
    pipeline: Sequence[dict[str, Any]],
    source: Source,
    *,
    found: bool,
) -> Doubt:
    """Judge a settings file by who can change it; `found` where no person had named it.

    Somebody else's file in the folder where we happen to be started is no word of ours, while one
    that was named, or lies in our own home, may well come from the outside of a container.
    """
    code = next(_code(pipeline, "pipeline"), None)
    if what := open_to_others(path, status.st_mode):
        mend = f"chmod go-w {what}"
        if code:
            return Doubt(
                (source.fault(code, f"this is code, and others can change {what}: {mend}"),)
            )
        return Doubt(warned=(f"others can change {what}, and so where tokens are sent: {mend}",))
    owner = strange_owner(status)
    if owner is None or not code:
        return Doubt()
    told = f"this is code, and {path} belongs to another user ({owner})"
    if found:
        return Doubt((source.fault(code, f"{told}: if you trust it, name it by --config"),))
    return Doubt(warned=(source.fault(code, told),))


def _code(value: object, path: str) -> Iterator[str]:
    """Yield where code is named."""
    if isinstance(value, str):
        if _CODE.fullmatch(value):
            yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _code(inner, joined(path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _code(inner, joined(path, index))

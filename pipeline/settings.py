"""Reads settings: TOML text to structs, with every fault named by its line."""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pipeline.errors import SettingsError
from pipeline.faults import Inspection
from pipeline.files import read_text
from pipeline.locate import Source
from pipeline.secret import Secret

T = TypeVar("T")


def decode(text: str, kind: type[T], source: str) -> T:
    """Decode a whole settings text; `source` is its path, or what to call it."""
    return decode_table(parse(text, source), kind, where="", text=text, source=source)


def parse(text: str, source: str) -> dict[str, Any]:
    """Return the tables of a settings text as they stand there."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        number = line[1] if line else len(text.splitlines())  # it is "at end of document"
        raise SettingsError([f"{source}:{number}: {error}"]) from None
    except RecursionError:
        raise SettingsError([f"{source}: its values are nested too deeply"]) from None


def decode_table(  # noqa: PLR0913 - a table is nothing without the place where it stands
    table: Mapping[str, Any],
    kind: type[T],
    *,
    where: str,
    text: str,
    source: str,
    title: str = "",
    folder: Path | None = None,
) -> T:
    """Decode one table, which stands at the path `where` of the text.

    Faults call the table `[title]`, if that is given. `file:` secrets are looked up from the
    folder, by default that of the source.
    """
    convert = partial(
        msgspec.convert,
        builtin_types=(datetime, date, time),
        dec_hook=partial(_secret, folder=folder or Path(source).parent),
    )
    try:
        decoded: T = convert(table, kind)
    except msgspec.ValidationError:
        faults = Inspection(convert, Source(text, source), where, title).faults(table, kind)
        raise SettingsError(faults) from None
    return decoded


def _secret(kind: type, value: object, *, folder: Path) -> Secret:
    """Decode `text`, `env:NAME` or `file:PATH`; msgspec makes a fault of each ValueError."""
    if kind is not Secret:
        raise NotImplementedError(f"a setting cannot be a {kind.__name__}")
    if not isinstance(value, str):
        raise ValueError(f"expected str, got {type(value).__name__}")  # noqa: TRY004 - see above
    place, _, name = value.partition(":")
    if place == "env":
        if name not in os.environ:
            raise ValueError(f"the environment variable {name} is not set")
        return Secret(os.environ[name])
    if place == "file":
        return Secret(_read(folder, name))
    return Secret(value)


def _read(folder: Path, name: str) -> str:
    try:
        text = read_text(folder / Path(name).expanduser())
    except (OSError, UnicodeDecodeError, RuntimeError) as error:  # RuntimeError: whose ~ is it?
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ValueError(f"cannot read the file {name}: {reason}") from None
    return text.removesuffix("\n").removesuffix("\r")

"""Which stages a chain has and in which order, by its [[pipeline]] tables and the default chain."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from pipeline.errors import SettingsError, did_you_mean
from pipeline.locate import Source, joined
from pipeline.settings import decode_table

PLACING = ("stage", "label", "after", "before")
"""The keys of a table that say which stage it is and where it stands."""
Fault: TypeAlias = tuple["Entry", str]


class Placing(msgspec.Struct, frozen=True):
    """What every [[pipeline]] table may say, whatever its stage."""

    stage: str
    label: str = ""
    after: str = ""
    before: str = ""


class Entry(msgspec.Struct, frozen=True):
    """One stage that the chain shall have, and the table that says so, if there is one."""

    stage: str
    name: str
    after: str = ""
    before: str = ""
    settings: Mapping[str, Any] = msgspec.field(default_factory=dict)
    where: str = ""
    """The path of the table; nothing if the default chain alone wants the stage."""

    @property
    def is_inserted(self) -> bool:
        """Whether the table puts its stage into the default chain."""
        return bool(self.after or self.before)


class Arrangement(msgspec.Struct, frozen=True):
    """The entries in the order of their stages, and what is to be said of their tables.

    Entries that have no place stand last, so that their settings can be looked at all the same.
    """

    entries: list[Entry]
    faults: list[str]
    warnings: list[str]


def arrange(
    tables: Sequence[Mapping[str, Any]],
    defaults: Sequence[str],
    source: Source,
    is_whole: Callable[[Sequence[Entry]], bool],
) -> Arrangement:
    """Put the tables into the default chain, or in its place where they are a whole one.

    They are that if none of them has `after` or `before`, and `is_whole` says that they lack
    nothing. Else a table without these words has the settings of a stage of the default chain.
    """
    entries, faults = _entries(tables, source)
    bare = bool(entries) and not any(entry.is_inserted for entry in entries)
    warnings: list[str] = []
    if bare and is_whole(entries):
        chain, strays = entries, list[Fault]()
    else:
        chain, strays = _inserted(entries, defaults)
        warnings += _meant_whole(entries, defaults) if bare and not strays else ()
    misplaced = [*_contradictions(chain), *strays]
    faults += [source.fault(entry.where, what) for entry, what in misplaced]
    placeless = (entry for entry, _ in misplaced if entry not in chain)
    return Arrangement([*chain, *placeless], faults, warnings)


def _entries(tables: Sequence[Mapping[str, Any]], source: Source) -> tuple[list[Entry], list[str]]:
    entries: list[Entry] = []
    faults: list[str] = []
    for index, table in enumerate(tables):
        where = joined("pipeline", index)
        common = {key: value for key, value in table.items() if key in PLACING}
        own = {key: value for key, value in table.items() if key not in PLACING}
        try:
            placing = decode_table(
                common, Placing, where=where, text=source.text, source=source.name
            )
        except SettingsError as error:
            faults += error.faults
        else:
            name = placing.label or placing.stage
            entries.append(Entry(placing.stage, name, placing.after, placing.before, own, where))
    return entries, faults


def _inserted(entries: Sequence[Entry], defaults: Sequence[str]) -> tuple[list[Entry], list[Fault]]:
    """Put entries into the default chain; one without after and before stands in for its own."""
    inserted = [entry for entry in entries if entry.is_inserted]
    others = [entry for entry in entries if not entry.is_inserted]
    chain = [
        neighbour
        for name in defaults
        for entry in _taken(others, "name", name) or [Entry(name, name)]
        for neighbour in _with_neighbours(entry, inserted)
    ]
    names = [entry.name for entry in chain]
    return chain, [
        *((entry, _not_default(entry, entries, defaults)) for entry in others),
        *((entry, _nowhere(entry, names)) for entry in inserted),
    ]


def _with_neighbours(entry: Entry, inserted: list[Entry]) -> Iterator[Entry]:
    for other in _taken(inserted, "before", entry.name):
        yield from _with_neighbours(other, inserted)
    yield entry
    for other in _taken(inserted, "after", entry.name):
        yield from _with_neighbours(other, inserted)


def _taken(entries: list[Entry], word: str, name: str) -> list[Entry]:
    """Remove and return the entries that say this name with this word."""
    taken = [entry for entry in entries if getattr(entry, word) == name]
    for entry in taken:
        entries.remove(entry)
    return taken


def _contradictions(chain: Sequence[Entry]) -> Iterator[Fault]:
    count = Counter(entry.name for entry in chain)
    for entry in chain:
        if count[entry.name] > 1 and entry.where:
            yield entry, f'stage "{entry.name}" stands here twice: give one of them a label = "..."'
        if entry.after and entry.before:
            yield entry, f'stage "{entry.name}" has both after and before: keep one of them'


def _not_default(entry: Entry, entries: Sequence[Entry], defaults: Sequence[str]) -> str:
    left_out = _left_out(entries, defaults)
    some = (
        f"; these tables leave out {', '.join(left_out)}" if len(left_out) < len(defaults) else ""
    )
    return (
        f'stage "{entry.name}" is not in the default chain ({", ".join(defaults)}): give it'
        f' after = "..." or before = "...", or list the whole chain without these two words{some}'
    )


def _nowhere(entry: Entry, names: Sequence[str]) -> str:
    word, anchor = ("after", entry.after) if entry.after else ("before", entry.before)
    hint = did_you_mean(anchor, names) or f"; it has {', '.join(names)}"
    return f'stage "{entry.name}" is to stand {word} "{anchor}", which this chain has not{hint}'


def _left_out(entries: Sequence[Entry], defaults: Sequence[str]) -> list[str]:
    names = {entry.name for entry in entries}
    return [name for name in defaults if name not in names]


def _meant_whole(entries: Sequence[Entry], defaults: Sequence[str]) -> Iterator[str]:
    """Warn who listed most of the chain, or in another order, and may think that this is all."""
    names, left_out = [entry.name for entry in entries], _left_out(entries, defaults)
    in_order = [name for name in defaults if name in names]
    if names != in_order or len(names) > len(left_out):
        yield (
            "the [[pipeline]] tables are no whole chain, so they change the settings of stages of"
            f" the default one where these stand, and it has {', '.join(left_out)} too"
        )

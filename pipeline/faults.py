"""Finds every fault of a settings table that does not fit its struct, not only the first one."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import msgspec

from pipeline.errors import did_you_mean
from pipeline.locate import Source, joined, line_of

Fault: TypeAlias = tuple[str, str]
"""Where it is, and what it is."""
_DEEPER = re.compile(r" - at `(?:key` in `)?\$(?P<path>[^`]*)`$")


class Inspection:
    """Looks for the faults of one table, which stands at the path `where` of a settings text."""

    def __init__(
        self, convert: Callable[[Any, Any], Any], source: Source, where: str, title: str
    ) -> None:
        self._convert = convert
        self._source = source
        self._where = where
        self._title = title

    def faults(self, table: Mapping[str, Any], kind: Any) -> list[str]:
        """Return all faults in the order of their lines."""
        found = self._find(table, kind, self._where)
        lines = ((line_of(path, self._source.text), path, what) for path, what in found)
        return [self._source.fault(path, what) for _, path, what in sorted(lines)]

    def _find(self, value: Any, kind: Any, path: str) -> Iterator[Fault]:
        try:
            self._convert(value, kind)
        except msgspec.ValidationError as error:
            inner = list(self._inside(value, _bare(kind), path))
            yield from inner or [self._here(value, _bare(kind), path, str(error))]

    def _inside(self, value: Any, kind: Any, path: str) -> Iterator[Fault]:
        if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            yield from self._keys(value, kind, path)
        elif isinstance(value, dict) and get_origin(kind) is dict:
            for key, element in value.items():
                yield from self._find(element, get_args(kind)[1], joined(path, key))
        elif isinstance(value, list) and _is_row(kind):
            for index, element in enumerate(value):
                yield from self._find(element, get_args(kind)[0], joined(path, index))

    def _keys(
        self, table: dict[str, Any], kind: type[msgspec.Struct], path: str
    ) -> Iterator[Fault]:
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for key, value in table.items():
            if key in fields:
                yield from self._find(value, fields[key].type, joined(path, key))
            elif kind.__struct_config__.forbid_unknown_fields:
                hint = did_you_mean(key, fields)
                yield joined(path, key), f'{self._table(path)} has no setting "{key}"{hint}'
        for key, field in fields.items():
            if field.required and key not in table:
                yield path, f'{self._table(path)} needs "{key}"'

    def _here(self, value: Any, kind: Any, path: str, message: str) -> Fault:
        deeper = _DEEPER.search(message)
        if deeper:
            path = (path + deeper["path"].partition("[...]")[0]).lstrip(".")
        place = f"{self._spot(path)}: " if path else ""
        said = _said(_DEEPER.sub("", message), value, kind)
        return path, f"{place}{said}{_brackets(path, value, kind)}"

    def _spot(self, path: str) -> str:
        if not self._title:
            return path
        return f"[{self._title}] {path.removeprefix(self._where).lstrip('.')}".strip()

    def _table(self, path: str) -> str:
        if self._title:
            return self._spot(path)
        if path.endswith("]"):
            return f"[[{path.rpartition('[')[0]}]]"
        return f"[{path}]" if path else "the file"


def _is_row(kind: Any) -> bool:
    """Tell whether all elements of this type have one type, its first argument."""
    return get_origin(kind) in {list, tuple, set, frozenset} and get_args(kind)[1:] in {(), (...,)}


def _bare(kind: Any) -> Any:
    """Return what a type is when it is neither annotated nor None."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        others = [other for other in get_args(kind) if other is not NoneType]
        return _bare(others[0]) if len(others) == 1 else kind
    return kind


def _said(message: str, value: Any, kind: Any) -> str:
    """Say what msgspec said in the words of a settings file."""
    if get_origin(kind) is Literal:
        allowed = get_args(kind)
        hint = did_you_mean(value, allowed) if isinstance(value, str) else ""
        return f"expected {' or '.join(map(_toml, allowed))}, got {_toml(value)}{hint}"
    said = message.replace("`object`", "table").replace(" | null", "").replace("`", "")
    said = said.replace("Expected", "expected", 1)
    # Only of numbers the value is told: a text may be a secret.
    return f"{said}, got {value}" if type(value) in {int, float} and ", got" not in said else said


def _brackets(path: str, value: Any, kind: Any) -> str:
    """Help where a table has brackets too few or too many."""
    if isinstance(value, dict) and _is_row(kind):
        return f": write [[{path}]]"
    if isinstance(value, list) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return f": write [{path}]"
    return ""


def _toml(value: object) -> str:
    return msgspec.json.encode(value).decode()

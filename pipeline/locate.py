"""Finds the line of a TOML text where a path such as `pipeline[1].attempts` stands."""

import re
import tomllib
from collections.abc import Iterator

import msgspec

_BARE = r"[A-Za-z0-9_-]+"
_KEY = rf"(?:{_BARE}|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*')"
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_STATEMENT = re.compile(
    rf"[ \t]*(?:(?P<header>\[\[?)[ \t]*(?P<table>{_DOTTED})|(?P<key>{_DOTTED})[ \t]*=)"
)
_PIECE = re.compile(
    r"""
    \"{3}(?:\\.|[^\\])*?\"{3,5} | '{3}.*?'{3,5}       # strings of many lines
    | \"(?:\\.|[^\"\\\n])*\" | '[^'\n]*' | \#[^\n]*   # strings of one line, comments
    | (?P<open>[\[{]) | (?P<close>[\]}]) | (?P<end>\n)
    """,
    re.VERBOSE | re.DOTALL,
)
_LAST = re.compile(rf"(?:^|\.){_KEY}$|\[\d+\]$")


class Source(msgspec.Struct, frozen=True):
    """A settings text and what it is called; either may be unknown."""

    text: str = ""
    name: str = ""

    def fault(self, path: str, message: str) -> str:
        """Return a message with the place in front where it is known: `config.toml:10: ...`."""
        line = f":{line_of(path, self.text)}" if self.text else ""
        place = self.name + line
        return f"{place}: {message}" if place else message


def joined(path: str, step: str | int) -> str:
    """Return the path one step further: a key, quoted where TOML wants it, or an index."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    key = step if re.fullmatch(_BARE, step) else msgspec.json.encode(step).decode()
    return f"{path}.{key}" if path else key


def line_of(path: str, text: str) -> int:
    """Return the line of a path, or of the nearest thing around it; the first line if none."""
    lines = _lines(text)
    while path not in lines:
        last = _LAST.search(path)
        path = path[: last.start()] if last else ""
    return lines[path]


def _lines(text: str) -> dict[str, int]:
    lines = {"": 1}
    sizes: dict[str, int] = {}
    table = ""
    for line, statement in _statements(text):
        header, path = statement["header"], "" if statement["header"] else table
        *names, last = _names(statement["table"] or statement["key"])
        for name in names:
            path = _newest(joined(path, name), sizes)
            lines.setdefault(path, line)
        path = joined(path, last)
        if header == "[[":
            lines.setdefault(path, line)
            sizes[path] = sizes.get(path, 0) + 1
            path = _newest(path, sizes)
        lines[path] = line
        table = path if header else table
    return lines


def _newest(path: str, sizes: dict[str, int]) -> str:
    """Return the path itself, or its newest element if it is an array of tables."""
    return joined(path, sizes[path] - 1) if path in sizes else path


def _statements(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield each header and each key with the line on which it begins."""
    at, line = 0, 1
    while at < len(text):
        statement = _STATEMENT.match(text, at)
        if statement:
            yield line, statement
        end = _end(text, at)
        line += text.count("\n", at, end)
        at = end


def _end(text: str, at: int) -> int:
    """Return where the statement ends: after the first newline outside strings and brackets."""
    depth = 0
    for piece in _PIECE.finditer(text, at):
        depth += bool(piece["open"]) - bool(piece["close"])
        if piece["end"] and depth == 0:
            return piece.end()
    return len(text)


def _names(dotted: str) -> list[str]:
    names = []
    rest: object = tomllib.loads(f"{dotted} = 0")
    while isinstance(rest, dict):
        ((name, rest),) = rest.items()
        names.append(name)
    return names

"""How one input becomes another: bytes as libFuzzer has it, JSON as a tree."""

import ast
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import msgspec

from tests.fuzz.paths import ROOT

Plain: TypeAlias = Callable[[bytes, int], bytes]
"""libFuzzer's own mutation of bytes, up to so many."""
Words: TypeAlias = Sequence[str]
Mutate: TypeAlias = Callable[[bytes, int, Random, Words, Plain], bytes]

NASTY: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    -(2**63) - 1,
    10**30,
    0.5,
    -0.0,
    1e308,
    5e-324,
    "",
    " ",
    "\0",
    "\r\n\n",
    "\u2028",
    "é",
    "你好",
    "\x7f",
    "²",
    "a" * 70,
    "{",
    '{"a":',
    "[]",
    [],
    {},
    [[]],
    {"": None},
    [None],
)  # fmt: skip - a list of values reads best as a block
MOST_CHANGES = 5
MOST_HOLDERS = 2_000


class Mutator:
    """One target's mutation, in the form that atheris calls."""

    def __init__(self, mutate: Mutate, words: Words, plain: Plain) -> None:
        self._mutate = mutate
        self._words = words
        self._plain = plain

    def __call__(self, data: bytes, limit: int, seed: int) -> bytes:
        """Return another input."""
        made = self._mutate(data, limit, Random(seed), self._words, self._plain)  # noqa: S311 - repeatable
        return made if len(made) <= limit else self._plain(data, limit)


def mutate_bytes(data: bytes, limit: int, random: Random, words: Words, plain: Plain) -> bytes:
    """Change bytes."""
    return plain(data, limit)


def mutate_json(data: bytes, limit: int, random: Random, words: Words, plain: Plain) -> bytes:
    """Change values of a JSON document; now and then, or where it is none, its bytes."""
    if random.random() < 0.1:
        return plain(data, limit)
    try:
        root = msgspec.json.decode(data)
        for _ in range(random.randint(1, MOST_CHANGES)):
            root = _changed(root, random, words)
        return msgspec.json.encode(root)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return plain(data, limit)


def _changed(root: Any, random: Random, words: Words) -> Any:
    holders = list(_holders(root))
    if not holders:
        return _value(root, random, words)
    holder = random.choice(holders)
    if isinstance(holder, list):
        _change_list(holder, root, random, words)
    else:
        _change_dict(holder, root, random, words)
    return root


def _change_list(items: list[Any], root: Any, random: Random, words: Words) -> None:
    at = random.randrange(len(items) + 1)
    what = random.randrange(4)
    if at == len(items) or what == 0:
        items.insert(at, _value(root, random, words))
    elif what == 1:
        del items[at]
    elif what == 2:
        items[at] = _value(root, random, words)
    else:
        items.insert(random.randrange(len(items) + 1), _copy(items[at]))


def _change_dict(fields: dict[str, Any], root: Any, random: Random, words: Words) -> None:
    what = random.randrange(4)
    name = random.choice(list(fields)) if fields else ""
    if not fields or what == 0:
        fields[_word(random, words)] = _value(root, random, words)
    elif what == 1:
        del fields[name]
    elif what == 2:
        fields[name] = _value(root, random, words)
    else:
        fields[_word(random, words)] = fields.pop(name)


def _value(root: Any, random: Random, words: Words) -> Any:
    match random.randrange(5):
        case 0:
            return random.choice(NASTY)
        case 1:
            return _word(random, words)
        case 2:
            return _copy(random.choice([root, *_values(root)]))
        case 3:
            inner = _copy(random.choice([None, *_values(root)]))
            return [inner] if random.random() < 0.5 else {_word(random, words): inner}
        case _:
            return _text(root, random)


def _text(root: Any, random: Random) -> Any:
    """Cut, double or join the texts that are there."""
    texts = [each for each in _values(root) if isinstance(each, str)] or [""]
    one, other = random.choice(texts), random.choice(texts)
    cut = random.randint(0, len(one))
    return random.choice([one[:cut], one[cut:], one + other, one[:cut] + "\n" + one[cut:]])


def _word(random: Random, words: Words) -> str:
    return random.choice(words) if words else ""


def _copy(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def _holders(root: Any) -> Iterator[Any]:
    """Yield the lists and objects, the outer ones first, as many as are worth looking at."""
    waiting = [root]
    for _ in range(MOST_HOLDERS):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, dict | list):
            yield value
            waiting += value.values() if isinstance(value, dict) else value


def _values(value: Any) -> Iterator[Any]:
    for holder in _holders(value):
        yield from holder.values() if isinstance(holder, dict) else holder


def words_of(paths: Sequence[str]) -> list[str]:
    """Return the texts and the names of fields that stand in sources, which inputs may hold too."""
    files = [file for path in paths for file in _files(ROOT / path)]
    found = {word for file in files for word in _words_in(ast.parse(file.read_text()))}
    return sorted(word for word in found if 0 < len(word) <= 40 and word.isprintable())


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def _words_in(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            first, *rest = node.target.id.split("_")
            yield node.target.id
            yield "-".join([first, *rest])
            yield first + "".join(word.capitalize() for word in rest)


def dictionary(words: Words) -> str:
    """Write words as libFuzzer's dictionary has them."""
    quoted = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words)
    return "".join(f'"{word}"\n' for word in quoted)

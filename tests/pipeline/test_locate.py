"""The line of a path in a TOML text, whatever stands in the text."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.locate import Source, joined, line_of

TEXT = '''\
# a comment with [brackets] and a "quote
top = 1
dotted.key.inner = 2

[server]   # port = 1
host = "a # b ["
"quoted key" = 3
'its' = 4

[server."deep.er".x]
y = 5
text = """
[not.a.table]
port = 6 \\""" still "quotes\\"\\"\\" ""\"""
after = 7
raw = \'\'\'
[[pipeline]]
'' \'\'\'
list = [
  "a]", # ]
  [1, 2],
  { key = "]" },
]
after-list = 8

[[pipeline]]
stage = "a"

[[pipeline]]
stage = "b"
table = { attempts = 3, more = [ 1 ] }
[pipeline.sub]
z = 1
[[pipeline.rows]]
q = 1
[[pipeline.rows]]
q = 2
[ spaced . out ]
w = 1
'''


def paths(value: Any, path: str = "") -> Iterator[str]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(inner, joined(path, step))


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        ("top", "top ="),
        ("dotted.key.inner", "dotted.key.inner"),
        ("dotted.key", "dotted.key.inner"),
        ("server", "[server]"),
        ("server.host", "host ="),
        ('server."quoted key"', '"quoted key"'),
        ("server.its", "'its'"),
        ('server."deep.er"', '[server."deep.er".x]'),
        ('server."deep.er".x.y', "y = 5"),
        ('server."deep.er".x.after', "after = 7"),
        ('server."deep.er".x.raw', "raw ="),
        ('server."deep.er".x.list', "list ="),
        ('server."deep.er".x.list[2].key', "list ="),
        ('server."deep.er".x.after-list', "after-list ="),
        ("pipeline", '[[pipeline]]\nstage = "a"'),
        ("pipeline[0]", '[[pipeline]]\nstage = "a"'),
        ("pipeline[0].stage", 'stage = "a"'),
        ("pipeline[1]", '[[pipeline]]\nstage = "b"'),
        ("pipeline[1].stage", 'stage = "b"'),
        ("pipeline[1].table.attempts", "table ="),
        ("pipeline[1].missing", '[[pipeline]]\nstage = "b"'),
        ("pipeline[1].sub.z", "z = 1"),
        ("pipeline[1].rows[0].q", "q = 1"),
        ("pipeline[1].rows[1].q", "q = 2"),
        ("spaced.out.w", "w = 1"),
    ],
)
def test_a_path_is_found_where_it_stands(path: str, begins: str) -> None:
    assert line_of(path, TEXT) == TEXT[: TEXT.index(begins)].count("\n") + 1


def test_what_is_nowhere_is_on_the_first_line() -> None:
    assert line_of("nowhere.at[3].all", TEXT) == 1
    assert line_of("!", "") == 1


def test_every_path_of_the_text_has_a_line() -> None:
    assert all(line_of(path, TEXT) > 1 for path in paths(tomllib.loads(TEXT)))


def test_a_text_may_end_anywhere() -> None:
    assert line_of("a", "\n\na = 1") == 3
    assert line_of("a.b", '\n[a]\nb = """\n') == 3


def test_keys_are_quoted_where_toml_wants_it() -> None:
    assert joined("models", "gpt-4o") == "models.gpt-4o"
    assert joined("models", 'gpt-4.1 "x"') == 'models."gpt-4.1 \\"x\\""'
    assert joined("accounts", 2) == "accounts[2]"
    assert joined("", "server") == "server"


def test_a_strange_key_is_found() -> None:
    path = joined(joined("models", 'a.b "c"\n'), "limit")
    assert line_of(path, '\n[models."a.b \\"c\\"\\n"]\nlimit = 3') == 3


def test_a_fault_says_as_much_of_its_place_as_is_known() -> None:
    assert Source("\na = 1", "config.toml").fault("a", "bad") == "config.toml:2: bad"
    assert Source("", "defaults").fault("a", "bad") == "defaults: bad"
    assert Source().fault("a", "bad") == "bad"

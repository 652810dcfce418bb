"""Whatever stands in a file of another program, it makes an account or one line that says why."""

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ki2api.accounts.sources import AccountsUnreadable
from ki2api.accounts.sources.choice import first_found
from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.sources.kiro_cli import _METHODS, _REGISTRATIONS
from ki2api.accounts.sources.search import Search
from ki2api.accounts.sources.token_file import FILE

TEXTS = st.text('aé \n"\\{}[]/:,-_.0\x7f', max_size=12)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    TEXTS,
    st.lists(TEXTS, max_size=2),
    st.sampled_from(
        [
            "ksk_1",
            "IdC",
            "social",
            "external_idp",
            "eu-west-1",
            "https://example.okta.com/v1/token",
            "2030-01-02T03:04:05.123456789012Z",
            "0001-01-01T00:00:00+23:59",
            "http://proxy:1",
        ]
    ),
)
NAMES = [field.encode_name for field in msgspec.structs.fields(Entry)]
CAMEL = st.dictionaries(st.one_of(st.sampled_from(NAMES), TEXTS), VALUES)
SNAKE = st.dictionaries(st.one_of(st.sampled_from(Entry.__struct_fields__), TEXTS), VALUES)


def looked_at(home: Path, **environ: str) -> None:
    search = Search(environ, home, platform="linux")
    try:
        found = first_found(search)
    except AccountsUnreadable as error:
        told: tuple[str, ...] = (str(error),)
    else:
        told = found.warnings
        assert all(each.name and each.seed for each in found.credentials)
    assert all(len(line.splitlines()) == 1 for line in told)


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=60), CAMEL.map(msgspec.json.encode)))
def test_of_a_token_file(content: bytes) -> None:
    with TemporaryDirectory() as home:
        write(Path(home) / FILE, content)
        looked_at(Path(home))


@settings(deadline=None)
@given(st.one_of(TEXTS, st.lists(CAMEL).map(lambda v: msgspec.json.encode(v).decode())))
def test_of_a_variable(content: str) -> None:
    with TemporaryDirectory() as home:
        looked_at(Path(home), KIRO_AUTH_CONFIG=content.replace("\0", ""))


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from([*_METHODS, *_REGISTRATIONS]), st.one_of(SNAKE, VALUES)),
    st.dictionaries(st.sampled_from(["api.codewhisperer.profile", "auth.idc.region"]), VALUES),
)
def test_of_a_database(rows: dict[str, Any], state: dict[str, Any]) -> None:
    with TemporaryDirectory() as home:
        path = Path(home, ".local", "share", "kiro-cli", "data.sqlite3")
        path.parent.mkdir(parents=True)
        with closing(sqlite3.connect(path)) as database, database:
            for table, values in (("auth_kv", rows), ("state", state)):
                database.execute(f"CREATE TABLE {table} (key, value)")
                pairs = [(key, msgspec.json.encode(value)) for key, value in values.items()]
                database.executemany(f"INSERT INTO {table} VALUES (?, ?)", pairs)  # noqa: S608 - ours
        looked_at(Path(home))

"""A home folder with what the Kiro IDE, kiro-cli and Amazon Q leave in it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ki2api.accounts.sources.search import Search

DATABASE = Path(".local", "share", "kiro-cli", "data.sqlite3")


@pytest.fixture
def searched(tmp_path: Path) -> Callable[..., Search]:
    """Make a search through a home folder on Linux, with an environment of its own."""

    def make(environ: dict[str, str] | None = None, **more: Any) -> Search:
        return Search(environ or {}, tmp_path, **({"platform": "linux"} | more))

    return make


@pytest.fixture
def ide(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of the IDE's cache and return the home folder."""

    def write(name: str = "kiro-auth-token", **content: Any) -> Path:
        cache = tmp_path / ".aws" / "sso" / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        (cache / f"{name}.json").write_bytes(msgspec.json.encode(content))
        (cache / f"{name}.json").chmod(0o600)
        return tmp_path

    return write


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., Path]:
    """Write a database such as kiro-cli's, each value as JSON, and return its path."""

    def write(
        rows: dict[str, Any],
        state: dict[str, Any] | None = None,
        path: Path = DATABASE,
        *,
        wal: bool = False,
    ) -> Path:
        path = tmp_path / path
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(f"PRAGMA journal_mode={'wal' if wal else 'delete'}")
            for table, values in (("auth_kv", rows), ("state", state or {})):
                database.execute(f"CREATE TABLE {table} (key TEXT PRIMARY KEY, value TEXT)")
                pairs = [
                    (key, msgspec.json.encode(value).decode()) for key, value in values.items()
                ]
                database.executemany(f"INSERT INTO {table} VALUES (?, ?)", pairs)  # noqa: S608 - ours
        return path

    return write

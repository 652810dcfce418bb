"""Every place where an account may lie, in the order in which they are asked."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from ki2api.accounts.sources import auth_config, configured, environment
from ki2api.accounts.sources.folders import AMAZON_Q, KIRO_CLI, database_paths
from ki2api.accounts.sources.kiro_cli import read_database
from ki2api.accounts.sources.logins import read_logins
from ki2api.accounts.sources.reading import is_there
from ki2api.accounts.sources.search import Found, Search
from ki2api.accounts.sources.token_file import FILE, read_token_file


class Place(Struct, frozen=True):
    """A place by the name that people know it by; `paths` are its files, the likeliest first."""

    name: str
    read: Callable[[Search], Found]
    paths: Callable[[Search], tuple[Path, ...]] = lambda _: ()

    def path(self, search: Search) -> str:
        """Return the path of the file that is there, or would be; empty for what is no file."""
        paths = self.paths(search)
        there = [*filter(is_there, paths), *paths]
        return search.shown(there[0]) if there else ""


def _auth_config(search: Search) -> tuple[Path, ...]:
    path = auth_config.auth_config_path(search)
    # Only a file that is there: what else stands in the variable may be a token.
    return (path,) if path and is_there(path) else ()


def _logins(search: Search) -> tuple[Path, ...]:
    return (search.logins,) if search.logins else ()


def _databases(program: str) -> Callable[[Search], tuple[Path, ...]]:
    return lambda search: database_paths(search.home, search.environ, search.platform)[program]


def _database_place(name: str, program: str) -> Place:
    paths = _databases(program)
    return Place(name, lambda search: read_database(search, paths(search)), paths)


PLACES = (
    Place(auth_config.NAME, auth_config.read_auth_config, _auth_config),
    Place(configured.NAME, configured.read_configured),
    Place(environment.API_KEY, environment.read_api_key),
    Place(environment.REFRESH, environment.read_tokens),
    Place("ki2api login", read_logins, _logins),
    Place("the Kiro IDE", read_token_file, lambda search: (search.home / FILE,)),
    _database_place("kiro-cli", KIRO_CLI),
    _database_place("Amazon Q", AMAZON_Q),
)

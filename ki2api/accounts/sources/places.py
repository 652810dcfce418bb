"""Every place where an account may lie, in the order in which they are asked."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from ki2api.accounts.sources import auth_config, configured, environment
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.folders import AMAZON_Q, KIRO_CLI, database_paths
from ki2api.accounts.sources.kiro_cli import read_database
from ki2api.accounts.sources.logins import read_logins
from ki2api.accounts.sources.reading import is_there
from ki2api.accounts.sources.registration import LOG_IN
from ki2api.accounts.sources.search import Found, Search
from ki2api.accounts.sources.token_file import FILE, read_token_file


class Place(Struct, frozen=True):
    """A place by the name that people know it by; `paths` are its files, the likeliest first.

    `mend` is what to do where a program wrote the place and it is broken. A `foreign` one belongs
    to another program, whose troubles need not be ours.
    """

    name: str
    get: Callable[[Search], Found]
    paths: Callable[[Search], tuple[Path, ...]] = lambda _: ()
    mend: str = ""
    foreign: bool = False

    def read(self, search: Search) -> Found:
        """Return what lies there; raises AccountsUnreadable."""
        try:
            return self.get(search)
        except AccountsUnreadable as error:
            raise (error.of_a_program(self.mend) if self.mend else error) from None

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


def _ide(search: Search) -> tuple[Path, ...]:
    return (search.home / FILE,)


def _databases(program: str) -> Callable[[Search], tuple[Path, ...]]:
    return lambda search: database_paths(search.home, search.environ, search.platform)[program]


def _database_place(name: str, program: str) -> Place:
    paths = _databases(program)
    return Place(
        name,
        lambda search: read_database(search, paths(search)),
        paths,
        mend=f"log in with {name} again",
        foreign=True,
    )


PLACES = (
    Place(auth_config.NAME, auth_config.read_auth_config, _auth_config),
    Place(configured.NAME, configured.read_configured),
    Place(environment.API_KEY, environment.read_api_key),
    Place(environment.REFRESH, environment.read_tokens),
    Place("ki2api login", read_logins, _logins, mend="run `ki2api login` anew, or remove the file"),
    Place("the Kiro IDE", read_token_file, _ide, mend=LOG_IN, foreign=True),
    _database_place("kiro-cli", KIRO_CLI),
    _database_place("Amazon Q", AMAZON_Q),
)

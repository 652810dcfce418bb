"""What decides which accounts are found, and what was found."""

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from ki2api.accounts.account import AccountConfig, Credential
from ki2api.accounts.sources.checks import unquoted
from ki2api.accounts.sources.reading import read_text
from ki2api.accounts.statefile import shown


class Found(Struct, frozen=True):
    """The accounts of one place, with what a person should know of them.

    `files` are those whose change may change what is found, also where they are not there yet.
    """

    place: str = ""
    credentials: tuple[Credential, ...] = ()
    warnings: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


class Search(Struct):
    """One look at every place; it remembers which files it looked at.

    `logins` is the file of our own logins, `folder` that of config.toml. `trusted` are the URLs of
    the person's own `[upstream]` settings.
    """

    environ: Mapping[str, str]
    home: Path
    configured: Sequence[AccountConfig] = ()
    logins: Path | None = None
    folder: Path = Path()
    trusted: Collection[str] = ()
    platform: str = sys.platform
    files: list[Path] = field(default_factory=list)

    def __repr__(self) -> str:
        return "Search(...)"  # the environment holds tokens

    def variable(self, name: str) -> str:
        """Return the value of an environment variable, empty where it is not set."""
        return unquoted(self.environ.get(name, ""))

    def path(self, text: str, folder: Path = Path()) -> Path:
        """Return the path that a person wrote; `~` is the home folder."""
        return self.home / text[2:] if text.startswith(("~/", "~\\")) else folder / text

    def shown(self, path: Path) -> str:
        """Return a path as people write it."""
        if path.is_relative_to(self.home):
            return shown(f"~/{path.relative_to(self.home).as_posix()}")
        return shown(path)

    def watch(self, *paths: Path) -> None:
        """Remember files and folders that what is found depends on."""
        self.files += [path for path in paths if path not in self.files]

    def read(self, path: Path, where: str) -> str | None:
        """Return what a file says, None if it is not there; raises AccountsUnreadable."""
        self.watch(path)
        return read_text(path, where)

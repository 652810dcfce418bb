"""Where the commands keep logins, and what is said where they cannot."""

from collections.abc import Iterator
from contextlib import contextmanager

from ki2api.accounts.logins import Logins, logins_path
from ki2api.cli.words import stop
from ki2api.settings import Loaded

NO_PLACE = (
    "there is no place to keep a login, for [state] path is empty: set it, or $KI2API_STATE, to"
    " the path of a file"
)


def logins_of(loaded: Loaded) -> Logins:
    """Return the logins beside the state, or end the command where the state is in memory."""
    path = logins_path(loaded.settings.state.path)
    if path is None:
        stop(NO_PLACE, 2)
    return Logins(path)


@contextmanager
def told_if_unwritable(logins: Logins) -> Iterator[None]:
    """End the command with the reason where the logins cannot be written."""
    try:
        yield
    except OSError as error:
        stop(f"{logins.path} cannot be written ({error.strerror}): mend that, and try again", 1)

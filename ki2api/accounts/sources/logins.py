"""The logins that `ki2api login` made, in a file of our own."""

from ki2api.accounts.sources.listed import read_list
from ki2api.accounts.sources.search import Found, Search


def read_logins(search: Search) -> Found:
    """Return our own logins, in the order in which they were made."""
    if search.logins is None:
        return Found()
    place = search.shown(search.logins)
    content = search.read(search.logins, place)
    return read_list(search, content, place) if content is not None else Found()

"""The first place that holds an account wins, and the others are told of."""

from collections.abc import Iterable, Iterator

from ki2api.accounts.sources.places import PLACES, Place
from ki2api.accounts.sources.reading import AccountsUnreadable
from ki2api.accounts.sources.roster import stand_side_by_side
from ki2api.accounts.sources.search import Found, Search


def first_found(search: Search) -> Found:
    """Return the accounts of the first place that holds any; raises AccountsUnreadable."""
    warnings: list[str] = []
    places = iter(PLACES)
    for place in places:
        found = _read(search, place)
        warnings += found.warnings
        if found.credentials:
            files = tuple(search.files)
            warnings += _passed_over(search, places, found.place)
            return stand_side_by_side(Found(found.place, found.credentials, tuple(warnings), files))
    return Found(warnings=tuple(warnings), files=tuple(search.files))


def _read(search: Search, place: Place) -> Found:
    try:
        return place.read(search)
    except AccountsUnreadable as error:
        error.files = tuple(search.files)
        raise


def _passed_over(search: Search, places: Iterable[Place], winner: str) -> Iterator[str]:
    """Warn of each further place that holds an account, even one that cannot be read."""
    for place in places:
        try:
            found = place.read(search)
            name = found.place if found.credentials else ""
        except AccountsUnreadable:
            name = place.path(search) or place.name
        if name:
            yield f"{name} is not used: {winner} wins"

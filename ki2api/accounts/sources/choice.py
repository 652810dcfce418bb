"""The first place that holds an account wins, and the others are told of."""

from collections.abc import Iterable, Iterator

from ki2api.accounts.account import Credential
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.places import PLACES, Place
from ki2api.accounts.sources.roster import stand_side_by_side
from ki2api.accounts.sources.search import Found, Search


def first_found(search: Search) -> Found:
    """Return the accounts of the first place that holds any; raises AccountsUnreadable.

    Another program's file that is broken is passed over if a later place holds an account.
    """
    warnings: list[str] = []
    broken: list[AccountsUnreadable] = []
    places = iter(PLACES)
    for place in places:
        try:
            found = place.read(search)
        except AccountsUnreadable as error:
            broken.append(error)
            if place.foreign:
                continue
            break
        warnings += found.warnings
        if found.credentials:
            files = tuple(search.files)
            warnings += [f"{error}; passed over: {found.place} wins" for error in broken]
            warnings += _passed_over(search, places, found)
            return stand_side_by_side(Found(found.place, found.credentials, tuple(warnings), files))
    if broken:
        broken[0].files = tuple(search.files)
        raise broken[0]
    return Found(warnings=tuple(warnings), files=tuple(search.files))


def _passed_over(search: Search, places: Iterable[Place], winner: Found) -> Iterator[str]:
    """Warn of each further place that holds an account, even one that cannot be read."""
    for place in places:
        try:
            found = place.read(search)
            name = "" if _is_named_by(winner.credentials, found.credentials) else found.place
        except AccountsUnreadable:
            name = place.path(search) or place.name
        if name:
            yield f"{name} is not used: {winner.place} wins"


def _is_named_by(winners: Iterable[Credential], others: Iterable[Credential]) -> bool:
    """Tell whether all the others lie in files that winners lie in: a table named them."""
    used = {each.origin.path.resolve() for each in winners if each.origin}
    return all(each.origin and each.origin.path.resolve() in used for each in others)

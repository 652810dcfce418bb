"""What every place holds, for a person who wonders which account is used and why."""

from typing import Literal, TypeAlias

from msgspec import Struct

from ki2api.accounts.account import Credential
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.places import PLACES, Place
from ki2api.accounts.sources.roster import stand_side_by_side
from ki2api.accounts.sources.search import Search

PlaceState: TypeAlias = Literal["used", "passed-over", "empty", "unreadable"]


class Report(Struct, frozen=True):
    """One place: what it holds, whether that is used, and what is wrong with it.

    `path` is its file, which need not be there, and empty for what is no file. `problem` is a
    sentence with the mend; of a place that is passed over it says which one wins.
    """

    place: str
    path: str
    state: PlaceState
    credentials: tuple[Credential, ...] = ()
    problem: str = ""
    warnings: tuple[str, ...] = ()


def survey_places(search: Search) -> tuple[Report, ...]:
    """Report on each place in its order; nothing is asked over the network."""
    reports: list[Report] = []
    winner = ""
    for place in PLACES:
        report = _report(search, place, winner)
        # What cannot be read is mended, not passed over, unless it is another program's.
        if report.state == "used" or (report.state == "unreadable" and not place.foreign):
            winner = winner or place.name
        reports.append(report)
    return tuple(reports)


def _report(search: Search, place: Place, winner: str) -> Report:
    path = place.path(search)
    try:
        found = stand_side_by_side(place.read(search))
    except AccountsUnreadable as error:
        return Report(place.name, path, "unreadable", problem=str(error))
    if not found.credentials:
        return Report(place.name, path, "empty", warnings=found.warnings)
    origin = found.credentials[0].origin
    return Report(
        place.name,
        search.shown(origin.path) if path and origin else path,
        "passed-over" if winner else "used",
        found.credentials,
        f"{winner} wins" if winner else "",
        found.warnings,
    )

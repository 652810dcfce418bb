"""Where accounts lie, and which place is used."""

from collections.abc import Iterable, Iterator

from ki2api.accounts.sources import Report
from ki2api.cli.checkup.finding import Finding

WAYS = (
    "set KIRO_API_KEY to a key from app.kiro.dev, run `ki2api login`, or log in to the Kiro IDE on"
    " this machine"
)


def look_at_places(reports: Iterable[Report]) -> Iterator[Finding]:
    """Tell of each place in its order."""
    reports = list(reports)
    for report in reports:
        yield _told(report)
        for warning in report.warnings:
            yield Finding("Places", "note", warning)
    if not any(report.state in {"used", "unreadable"} for report in reports):
        yield Finding("Places", "bad", "there is no account", WAYS)


def _told(report: Report) -> Finding:
    name = f"{report.place} ({report.path})" if report.path else report.place
    accounts = ", ".join(f"{each.name} ({each.label})" for each in report.credentials)
    match report.state:
        case "used":
            return Finding("Places", "good", f"{name}: {accounts}")
        case "passed-over":
            return Finding("Places", "note", f"{name}: {accounts}: not used: {report.problem}")
        case "empty":
            return Finding("Places", "none", f"{name}: nothing")
        case "unreadable":
            return Finding("Places", "bad", report.problem)

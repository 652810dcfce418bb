"""Whether the settings are right and the chain can work, and whose key opens the door."""

from collections.abc import Iterator

from ki2api.accounts.sources import Found
from ki2api.app import DEFAULT_KEY_IN_FORCE, proved
from ki2api.cli.checkup.finding import Finding
from ki2api.settings import Loaded
from pipeline import PipelineError


def look_at_settings(loaded: Loaded) -> Iterator[Finding]:
    """Prove the chain without opening anything."""
    try:
        warnings = proved(loaded, Found()).warnings
    except PipelineError as error:
        yield from faults_of(error)
        return
    yield Finding("Settings", "good", f"{loaded.source}: all right")
    for warning in warnings:
        if not warning.startswith(DEFAULT_KEY_IN_FORCE):
            yield Finding("Settings", "note", warning)
            continue
        text = "the default key is in force: it works from this machine and private networks"
        yield Finding("Settings", "note", text, "make one of your own: ki2api keys new")


def faults_of(error: PipelineError) -> Iterator[Finding]:
    """Tell each fault; it names its own place and mend."""
    for fault in str(error).splitlines():
        yield Finding("Settings", "bad", fault)

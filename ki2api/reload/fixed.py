"""The settings that hold as long as the process lives."""

from collections.abc import Iterator

from msgspec.structs import replace

from ki2api.settings import Loaded, Settings
from pipeline.locate import Source

_FIXED = (
    ("server", "host"),
    ("server", "port"),
    ("server", "drain_seconds"),
    ("server", "send_stall_seconds"),
    ("state", "path"),
    ("upstream", "kind"),
)


def held_fast(before: Loaded, after: Loaded) -> tuple[Loaded, list[str]]:
    """Return the new settings with what cannot change as it was before, and say what that is."""
    settings, warnings = after.settings, []
    for table, name in _differing(before.settings, after.settings):
        value = getattr(getattr(before.settings, table), name)
        settings = replace(settings, **{table: replace(getattr(settings, table), **{name: value})})
        path = f"{table}.{name.replace('_', '-')}"
        said = f"{path} cannot change while serving: it stays {value!r} until a restart"
        warnings.append(Source(after.text, after.source).fault(path, said))
    return replace(after, settings=settings), warnings


def _differing(before: Settings, after: Settings) -> Iterator[tuple[str, str]]:
    for table, name in _FIXED:
        old, new = getattr(before, table), getattr(after, table)
        if getattr(old, name) != getattr(new, name):
            yield table, name

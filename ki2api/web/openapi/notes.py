"""What is to be said of fields that a dialect knows and does not serve."""

from collections.abc import Iterable, Mapping

from ki2api.protocols.fields import Refused


def notes_on(refused: Mapping[str, Refused], no_effect: Iterable[str]) -> dict[str, str]:
    """Say of each such field what comes of it."""
    return {
        **{name: f"Refused: {field.why}." for name, field in refused.items()},
        **dict.fromkeys(no_effect, "Accepted, and without effect."),
    }

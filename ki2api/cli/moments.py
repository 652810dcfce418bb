"""Moments, written for a terminal in the time of this place."""

from datetime import datetime


def written(moment: float, form: str) -> str:
    """Write a moment in Unix seconds; one that no calendar has is told as such, and never fails."""
    try:
        return datetime.fromtimestamp(moment).astimezone().strftime(form)
    except (OverflowError, ValueError, OSError):
        return "at no known time"

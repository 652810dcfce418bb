"""What the model reads of a search: the same words in the round that ran it and ever after."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ki2api.conversation import TextPart, ToolResultPart, WebPage
from ki2api.events import SearchFault, SearchResultPart

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING = "The search found no pages."
_FAULTS: Mapping[SearchFault, str] = {
    "too-many-requests": "The search failed: too many requests just now.",
    "too-many-searches": "The search was not run: no further search is allowed in this answer.",
    "query-too-long": "The search was not run: the query has more than 200 characters.",
    "bad-input": "The search was not run: it needs a query.",
    "unavailable": "The search failed: it is not available just now.",
}


def as_tool_result(found: SearchResultPart, at: str = "") -> ToolResultPart:
    """Tell the model what a search found, or why it failed."""
    if found.fault:
        words, failed = _FAULTS[found.fault], True
    else:
        words, failed = "\n\n".join(map(_page, found.pages)) or _NOTHING, False
    return ToolResultPart(found.call_id, (TextPart(words, at),), failed, at, found.pages)


def day_of(published: float) -> datetime:
    """Return a time in Unix seconds as a date, also one that the C library would not take."""
    return _EPOCH + timedelta(seconds=published)


def _page(page: WebPage) -> str:
    lines = [f"[{page.number}] {page.title}".strip(), page.url]
    if page.published is not None:
        lines.append(f"Published {day_of(page.published):%Y-%m-%d}")
    return "\n".join([*lines, *filter(None, [page.snippet])])

"""Searches of the web in Anthropic's blocks: what is answered, and the same when it comes back.

Anthropic's `encrypted_content` and `encrypted_index` are for the server alone. Ours hold, in plain
base64 under a mark and version of ours, what the block has no field for.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ki2api.conversation import WebPage
from ki2api.events import SearchCallPart, SearchFault, SearchResultPart
from ki2api.protocols.anthropic import wire
from ki2api.websearch.told import day_of

ERROR_CODES: Mapping[SearchFault, str] = {
    "too-many-requests": "too_many_requests",
    "too-many-searches": "max_uses_exceeded",
    "query-too-long": "query_too_long",
    "bad-input": "invalid_tool_input",
    "unavailable": "unavailable",
}
_FAULTS = {code: fault for fault, code in ERROR_CODES.items()}
_LONGEST_QUOTE = 150
"""Characters of what is cited, as Anthropic has it."""
_MARK = "ki2api.1."
_KIRO_ID, _SERVER_ID = "tooluse_", "srvtoolu_"


class _Kept(msgspec.Struct, omit_defaults=True):
    """What a page has besides its address and title."""

    number: int
    snippet: str = ""
    published: float | None = None


_KEPT = msgspec.json.Decoder(_Kept)


def server_id(call_id: str) -> str:
    """Give a call an id of the form that Anthropic's own searches have."""
    return _SERVER_ID + call_id.removeprefix(_KIRO_ID)


def call_id(given: str) -> str:
    """Return the id that a call had at Kiro, so that it comes back there unchanged."""
    return _KIRO_ID + given.removeprefix(_SERVER_ID) if given.startswith(_SERVER_ID) else given


def search_block(part: SearchCallPart | SearchResultPart) -> dict[str, Any]:
    """Make the complete block of a search, or of its result."""
    if isinstance(part, SearchCallPart):
        query = msgspec.Raw(part.input.encode())
        name, known_as = part.name, server_id(part.id)
        return {"type": "server_tool_use", "id": known_as, "name": name, "input": query}
    content: Any = [_page_block(page) for page in part.pages]
    if part.fault:
        code = ERROR_CODES[part.fault]
        content = {"type": "web_search_tool_result_error", "error_code": code}
    answers = server_id(part.call_id)
    return {"type": "web_search_tool_result", "tool_use_id": answers, "content": content}


def citation(page: WebPage) -> dict[str, Any]:
    """Cite a page by its own words."""
    return {
        "type": "web_search_result_location",
        "cited_text": page.snippet[:_LONGEST_QUOTE],
        "encrypted_index": _sealed(_Kept(page.number)),
        "title": page.title,
        "url": page.url,
    }


def result_of(block: wire.WebSearchResultBlock) -> SearchResultPart:
    """Read the block of a search's result; of a page that another server found, what is plain."""
    if isinstance(block.content, wire.WebSearchError):
        fault = _FAULTS.get(block.content.error_code, "unavailable")
        return SearchResultPart(call_id(block.tool_use_id), fault=fault)
    return SearchResultPart(call_id(block.tool_use_id), tuple(_pages(block.content)))


def _page_block(page: WebPage) -> dict[str, Any]:
    kept = _Kept(page.number, page.snippet, page.published)
    return {
        "type": "web_search_result",
        "title": page.title,
        "url": page.url,
        "encrypted_content": _sealed(kept),
        "page_age": None if page.published is None else _day(page.published),
    }


def _pages(found: Iterable[wire.FoundPage]) -> Iterable[WebPage]:
    for place, page in enumerate(found, start=1):
        kept = _opened(page.encrypted_content) or _Kept(place)
        yield WebPage(kept.number, page.url, page.title, kept.snippet, kept.published)


def _sealed(kept: _Kept) -> str:
    return _MARK + urlsafe_b64encode(msgspec.json.encode(kept)).decode()


def _opened(text: str) -> _Kept | None:
    """Read what we wrote; None where somebody else did."""
    if not text.startswith(_MARK):
        return None
    try:
        return _KEPT.decode(urlsafe_b64decode(text.removeprefix(_MARK)))
    except (ValueError, msgspec.DecodeError):
        return None


def _day(published: float) -> str:
    """Write a date as Anthropic does: April 30, 2025."""
    day = day_of(published)
    return f"{day:%B} {day.day}, {day.year}"

"""Searches of the web as items, and citations as annotations of the words that rest on them."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from ki2api.conversation import WebPage
from ki2api.events import SearchResultPart
from ki2api.protocols.citing import links

JSONObject: TypeAlias = dict[str, Any]


class _Asked(msgspec.Struct):
    """What a search was asked."""

    query: str = ""


_ASKED = msgspec.json.Decoder(_Asked)


def search_item(item_id: str, arguments: str, result: SearchResultPart | None) -> JSONObject:
    """Make the item of a search, with the pages that it found; one without a result never ran."""
    query = _query(arguments)
    action: JSONObject = {"type": "search", "query": query, "queries": [query]}
    status = "failed"
    if result is not None and not result.fault:
        action["sources"] = [{"type": "url", "url": page.url} for page in result.pages]
        status = "completed"
    return {"id": item_id, "type": "web_search_call", "status": status, "action": action}


def begun_search(item_id: str) -> JSONObject:
    """Make the item of a search that is not yet known."""
    action = {"type": "search", "query": "", "queries": []}
    return {"id": item_id, "type": "web_search_call", "status": "in_progress", "action": action}


def cited(text: str, pages: Sequence[WebPage]) -> tuple[str, list[JSONObject]]:
    """Write the links that follow on a text, and the annotation of each."""
    linked, notes = links(pages, len(text))
    return linked, [{"type": "url_citation", **note} for note in notes]


def _query(arguments: str) -> str:
    try:
        return _ASKED.decode(arguments).query
    except msgspec.DecodeError:
        return arguments

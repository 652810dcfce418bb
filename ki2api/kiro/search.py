"""Searching the web at Kiro: InvokeMCP, a call of JSON-RPC (docs/kiro.md §6.4)."""

from collections.abc import Callable, Iterator
from string import ascii_letters, digits
from typing import Any

import msgspec

from ki2api.conversation import WebPage
from ki2api.errors import UpstreamGarbled, UpstreamUnavailable
from ki2api.kiro.calls import JSON, STREAMING, Binding, Call, targeted_call
from ki2api.kiro.control.reading import document_of, label, member, members, moment, text
from ki2api.kiro.refusals import document_refusal

_TOOL = "web_search"
_PROFILE = "x-amzn-kiro-profile-arn"
_LONGEST_TITLE, _LONGEST_SNIPPET, _LONGEST_URL = 500, 8_000, 2_000
"""Characters of a page's own words: a page is not to fill the model's context alone."""
_SCHEMES = ("http://", "https://")


def search_id(milliseconds: int, choose: Callable[[str], str]) -> str:
    """Make the id of one search; `choose` draws one of these characters."""
    alphabet = ascii_letters + digits
    some, more = ("".join(choose(alphabet) for _ in range(count)) for count in (22, 8))
    return f"web_search_tooluse_{some}_{milliseconds}_{more}"


def search_call(binding: Binding, query: str, call_id: str, profile_arn: str) -> Call:
    """Ask for pages; Kiro wants the profile in a header, where the account has one."""
    asked = {
        "jsonrpc": "2.0",
        "id": call_id,
        "method": "tools/call",
        "params": {"name": _TOOL, "arguments": {"query": query}},
    }
    body = msgspec.json.encode(asked)
    profile = {_PROFILE: profile_arn} if profile_arn else {}
    if binding == "json-1.0":
        call = targeted_call(f"{STREAMING}.InvokeMCP", body)
        return msgspec.structs.replace(call, headers={**call.headers, **profile})
    return Call("POST", "/mcp", {"content-type": JSON, "accept": JSON, **profile}, body)


def read_pages(body: bytes) -> tuple[WebPage, ...]:
    """Read the pages, numbered from 1; raises what Kiro reports in their place."""
    document = document_of(body)
    if isinstance(document.get("error"), dict):
        raise document_refusal(document)
    result = member(document, "result")
    told = "".join(text(part, "text") for part in members(result, "content"))
    if result.get("isError"):
        raise UpstreamUnavailable("Kiro's search of the web failed.")
    found = document_of(told.encode("utf-8", "surrogatepass"))
    if found.get("error"):
        raise UpstreamUnavailable("Kiro's search of the web failed.")
    if not isinstance(found.get("results"), list):
        raise UpstreamGarbled("Kiro's search of the web answers without results.")
    return tuple(_pages(members(found, "results")))


def _pages(results: list[dict[str, Any]]) -> Iterator[WebPage]:
    number = 0
    for result in results:
        url = text(result, "url")
        if url.startswith(_SCHEMES) and url.isprintable() and len(url) <= _LONGEST_URL:
            number += 1
            yield WebPage(
                number,
                url,
                " ".join(text(result, "title").split())[:_LONGEST_TITLE] or label(result, "domain"),
                text(result, "snippet").strip()[:_LONGEST_SNIPPET],
                moment(result, "publishedDate"),
            )

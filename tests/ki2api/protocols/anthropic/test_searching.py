"""Searches of the web in Anthropic's blocks, there and back."""

from base64 import urlsafe_b64encode
from typing import Any, get_args

import msgspec
import pytest
from anthropic.types import WebSearchToolResultErrorCode

from ki2api.conversation import WebPage
from ki2api.events import SearchCallPart, SearchFault, SearchResultPart
from ki2api.protocols.anthropic import wire
from ki2api.protocols.anthropic.searching import (
    ERROR_CODES,
    call_id,
    citation,
    result_of,
    search_block,
    server_id,
)

PAGE = WebPage(3, "https://a.test/", "A", "Words of A, é.", 1_746_057_600.0)
BARE = WebPage(4, "https://b.test/", "B")


def read(block: dict[str, Any]) -> SearchResultPart:
    known = msgspec.json.decode(msgspec.json.encode(block), type=wire.WebSearchResultBlock)
    return result_of(known)


def found(**page: Any) -> tuple[WebPage, ...]:
    block = {"type": "web_search_result", "url": "https://a.test/", "title": "A", **page}
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [block]}
    return read(result).pages


def test_pages_come_back_as_they_were() -> None:
    part = SearchResultPart("tooluse_1", (PAGE, BARE))
    block = search_block(part)
    assert block["tool_use_id"] == "srvtoolu_1"
    assert [page["page_age"] for page in block["content"]] == ["May 1, 2025", None]
    assert "Words" not in block["content"][0]["encrypted_content"]
    assert read(block) == part


@pytest.mark.parametrize("fault", [fault for fault in get_args(SearchFault) if fault])
def test_every_fault_has_a_code_of_anthropics_and_comes_back(fault: SearchFault) -> None:
    part = SearchResultPart("tooluse_1", fault=fault)
    block = search_block(part)
    assert block["content"]["error_code"] in get_args(WebSearchToolResultErrorCode)
    assert read(block) == part


def test_a_code_that_is_not_ours_is_a_failure_too() -> None:
    content = {"type": "web_search_tool_result_error", "error_code": "request_too_large"}
    block = {"type": "web_search_tool_result", "tool_use_id": "x", "content": content}
    assert read(block) == SearchResultPart("x", fault="unavailable")
    assert "unavailable" in ERROR_CODES


@pytest.mark.parametrize(
    "foreign",
    [
        "EqgfCioIARgBIiQ3YTAwMjY1Mi1mZjM5LTQ1NGUtODgxNC1kNjNjNTk1ZWI3Y",
        "ki2api.2.eyJudW1iZXIiOjF9",
        "ki2api.1.***",
        "ki2api.1.é",
        "ki2api.1." + urlsafe_b64encode(b"{}").decode(),
        "ki2api.1." + urlsafe_b64encode(b'{"number":1,"snippet":"\xff"}').decode(),
        "ki2api.1." + urlsafe_b64encode(b"[" * 5_000).decode(),
        "",
    ],
)
def test_of_foreign_content_address_and_title_are_read(foreign: str) -> None:
    assert found(encrypted_content=foreign) == (WebPage(1, "https://a.test/", "A"),)


def test_a_citation_quotes_the_page_and_nothing_else() -> None:
    page = WebPage(1, "https://a.test/", "A", "x" * 400)
    cited = citation(page)
    assert cited["cited_text"] == "x" * 150
    assert cited["encrypted_index"].startswith("ki2api.1.")
    assert citation(BARE)["cited_text"] == ""


def test_ids_take_anthropics_form_and_come_back() -> None:
    assert server_id("tooluse_aB-3") == "srvtoolu_aB-3"
    assert call_id("srvtoolu_aB-3") == "tooluse_aB-3"
    assert call_id("toolu_1") == "toolu_1"


def test_a_search_is_a_call_of_the_server() -> None:
    block = search_block(SearchCallPart("tooluse_1", "web_search", '{"query":"x"}'))
    assert msgspec.json.decode(msgspec.json.encode(block)) == {
        "type": "server_tool_use",
        "id": "srvtoolu_1",
        "name": "web_search",
        "input": {"query": "x"},
    }

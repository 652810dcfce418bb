"""Searching the web at Kiro: what is asked and what is answered."""

import re
from typing import Any

import msgspec
import pytest

from ki2api.conversation import WebPage
from ki2api.errors import TokenExpired, UpstreamGarbled, UpstreamUnavailable
from ki2api.kiro.search import read_pages, search_call, search_id

ARN = "arn:aws:codewhisperer:us-east-1:1:profile/A"
ASKED = {
    "jsonrpc": "2.0",
    "id": "7",
    "method": "tools/call",
    "params": {"name": "web_search", "arguments": {"query": "red pandas"}},
}


def answered(found: Any, **result: Any) -> bytes:
    text = found if isinstance(found, str) else msgspec.json.encode(found).decode()
    whole = {"content": [{"type": "text", "text": text}], "isError": False, **result}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": "7", "result": whole})


def test_an_id_has_the_form_that_was_seen() -> None:
    made = search_id(1_763_812_800_000, lambda alphabet: alphabet[-1])
    assert made == f"web_search_tooluse_{'9' * 22}_1763812800000_{'9' * 8}"
    assert re.fullmatch(r"web_search_tooluse_\w{22}_\d{13}_\w{8}", made)


def test_the_rest_binding_has_a_path() -> None:
    call = search_call("rest", "red pandas", "7", ARN)
    assert (call.method, call.path) == ("POST", "/mcp")
    assert call.headers == {
        "content-type": "application/json",
        "accept": "application/json",
        "x-amzn-kiro-profile-arn": ARN,
    }
    assert msgspec.json.decode(call.body) == ASKED


def test_the_other_binding_has_a_target() -> None:
    call = search_call("json-1.0", "red pandas", "7", ARN)
    assert call.path == "/"
    assert call.headers["x-amz-target"] == "AmazonCodeWhispererStreamingService.InvokeMCP"
    assert call.headers["x-amzn-kiro-profile-arn"] == ARN
    assert msgspec.json.decode(call.body) == ASKED


def test_an_account_without_a_profile_names_none() -> None:
    assert "x-amzn-kiro-profile-arn" not in search_call("rest", "q", "7", "").headers


def test_pages_are_read_and_numbered() -> None:
    results = [
        {
            "title": " A\n page ",
            "url": "https://a.test/",
            "snippet": " Words. ",
            "publishedDate": 1_746_057_600_000,
        },
        {"title": "no address"},
        {"title": "a script", "url": "javascript:alert(1)"},
        {"title": "a break", "url": "https://a.test/\nx"},
        {"title": "too long", "url": f"https://a.test/{'x' * 2_000}"},
        {"url": "http://b.test/", "domain": "b.test", "publishedDate": None},
    ]  # fmt: skip - a table
    assert read_pages(answered({"results": results, "error": None})) == (
        WebPage(1, "https://a.test/", "A page", "Words.", 1_746_057_600.0),
        WebPage(2, "http://b.test/", "b.test"),
    )


def test_a_page_does_not_fill_the_models_context() -> None:
    page = {"title": "t" * 9_000, "url": "https://a.test/", "snippet": "s" * 9_000}
    (found,) = read_pages(answered({"results": [page]}))
    assert (len(found.title), len(found.snippet)) == (500, 8_000)


def test_that_nothing_is_found_is_an_answer() -> None:
    assert read_pages(answered({"results": [], "totalResults": 0})) == ()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error":{"code":-32000,"message":"The search failed."}}', UpstreamUnavailable),
        (b'{"error":{"message":"The bearer token is invalid."}}', TokenExpired),
        (answered({"results": []}, isError=True), UpstreamUnavailable),
        (answered({"results": [], "error": "It failed."}), UpstreamUnavailable),
        (answered({}), UpstreamGarbled),
        (answered("no JSON"), UpstreamGarbled),
        (b"{}", UpstreamGarbled),
        (b"<html>", UpstreamGarbled),
    ],
)
def test_what_is_no_answer_is_never_an_empty_one(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_pages(body)

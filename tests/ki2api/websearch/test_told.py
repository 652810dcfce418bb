"""What the model reads of a search."""

from typing import get_args

import pytest

from ki2api.conversation import TextPart, WebPage
from ki2api.events import SearchFault, SearchResultPart
from ki2api.websearch.told import as_tool_result, day_of

PAGE = WebPage(3, "https://a.test/", "A", "Words of A.", 1_746_057_600.0)
BARE = WebPage(4, "https://b.test/", "")


def test_pages_are_told_with_their_numbers() -> None:
    told = as_tool_result(SearchResultPart("1", (PAGE, BARE)), "there")
    words = "[3] A\nhttps://a.test/\nPublished 2025-05-01\nWords of A.\n\n[4]\nhttps://b.test/"
    assert told.content == (TextPart(words, "there"),)
    assert (told.call_id, told.is_error, told.pages, told.at) == ("1", False, (PAGE, BARE), "there")


def test_that_nothing_was_found_is_said() -> None:
    told = as_tool_result(SearchResultPart("1"))
    assert told.content == (TextPart("The search found no pages."),)
    assert not told.is_error


@pytest.mark.parametrize("fault", [fault for fault in get_args(SearchFault) if fault])
def test_every_fault_is_told_as_one(fault: SearchFault) -> None:
    told = as_tool_result(SearchResultPart("1", fault=fault))
    assert told.is_error
    assert told.content


def test_a_day_of_long_ago_is_one_too() -> None:
    assert day_of(-86_400.0).isoformat() == "1969-12-31T00:00:00+00:00"

"""The search as the model is offered it."""

import msgspec
import pytest

from ki2api.conversation import (
    Conversation,
    TextPart,
    Tool,
    ToolChoice,
    ToolResultPart,
    Turn,
    WebPage,
    WebSearch,
)
from ki2api.errors import InvalidRequest
from ki2api.websearch.offer import BadQuery, offered, pages_in, query_in

SEARCH = WebSearch("look_up", at="tools[1]")


def test_the_search_becomes_a_tool_under_its_own_name() -> None:
    asked = Conversation("m", (), web_search=SEARCH)
    found = offered(asked, SEARCH)
    (tool,) = found.tools
    assert (tool.name, tool.at) == ("look_up", "tools[1]")
    assert msgspec.json.decode(tool.schema)["required"] == ["query"]
    assert '<cite index="N">' in tool.description
    assert "domains" not in tool.description
    assert found.web_search is None


def test_the_model_knows_of_domains() -> None:
    told = [
        offered(Conversation("m", ()), search).tools[0].description
        for search in (
            WebSearch(allowed_domains=("a.com", "b.com")),
            WebSearch(blocked_domains=("c.com",)),
        )
    ]
    assert "Only pages of these domains are returned: a.com, b.com." in told[0]
    assert "No pages of these domains are returned: c.com." in told[1]


def test_a_choice_of_the_search_becomes_a_request_to_search_first() -> None:
    choice = ToolChoice("named", "look_up", parallel=False)
    found = offered(Conversation("m", (), tool_choice=choice), SEARCH)
    assert found.tool_choice == ToolChoice(parallel=False)
    assert found.system == (TextPart("Search the web with look_up before you answer."),)


def test_another_tool_of_the_name_is_refused() -> None:
    other = Tool("LOOK_UP", "", msgspec.Raw(b"{}"))
    with pytest.raises(InvalidRequest) as refused:
        offered(Conversation("m", (), tools=(other,)), SEARCH)
    assert refused.value.message == "tools[1]: there is another tool named 'look_up'"


def test_a_query_is_made_even() -> None:
    assert query_in('{"query": "  two\\n words ", "more": 1}') == "two words"
    assert query_in(f'{{"query": "{"x" * 200}"}}') == "x" * 200


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("{}", "bad-input"),
        ('{"query": 3}', "bad-input"),
        ('{"query": " "}', "bad-input"),
        ("{", "bad-input"),
        (f'{{"query": "{"x" * 201}"}}', "query-too-long"),
    ],
)
def test_what_is_no_query_says_why(given: str, fault: str) -> None:
    with pytest.raises(BadQuery) as bad:
        query_in(given)
    assert bad.value.fault == fault


def test_pages_of_earlier_searches_are_found() -> None:
    page = WebPage(1, "https://a.test/", "A")
    results = (ToolResultPart("1", ()), ToolResultPart("2", (), pages=(page,)))
    turns = (Turn("user", (TextPart("hi"),)), Turn("user", results))
    assert list(pages_in(Conversation("m", turns))) == [page]

"""Which tools a prompt calls."""

from typing import Any

import pytest

from ki2api.simulator.choosing import chosen_calls
from ki2api.simulator.question import Tool


def _tool(name: str, description: str = "", *properties: str) -> Tool:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key: {"type": "string"} for key in properties},
        "required": list(properties),
    }
    return Tool(name, description, schema)


_WEATHER = _tool("get_weather", "Get the current weather in a given location", "location")
_TIME = _tool("getTime", "Tell the time of day in a city", "city")
_SEARCH = _tool("web_search", "Search the web", "query")
_TOOLS = (_SEARCH, _TIME, _WEATHER)


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("What is the weather in Rome?", ["get_weather"]),
        ("What time is it in Rome?", ["getTime"]),
        ("Both the weather and the time in Rome, please", ["getTime", "get_weather"]),
        ("Search for birds", ["web_search"]),
        ("Hello", []),
        ("旧金山怎么样\uff1f", ["web_search"]),
    ],
)
def test_a_prompt_calls_the_tools_it_names(prompt: str, names: list[str]) -> None:
    assert [call.name for call in chosen_calls(prompt, _TOOLS)] == names


def test_among_many_tools_a_question_that_names_none_calls_none() -> None:
    assert chosen_calls("旧金山怎么样\uff1f", (*_TOOLS, _tool("other"))) == ()
    assert chosen_calls("Why?", ()) == ()


def test_a_description_alone_can_match() -> None:
    assert [call.name for call in chosen_calls("the day", _TOOLS)] == ["getTime"]


def test_a_chinese_description_is_matched_by_its_letters() -> None:
    tools = (_SEARCH, _tool("tq", "查询天气", "city"))
    assert [call.name for call in chosen_calls("上海天气", tools)] == ["tq"]


def test_two_places_are_two_calls_of_one_tool() -> None:
    calls = chosen_calls("Weather in Paris and New York?", (_WEATHER,))
    assert [call.arguments for call in calls] == [{"location": "Paris"}, {"location": "New York"}]
    calls = chosen_calls("weather and wind", (_WEATHER,))
    assert [call.arguments for call in calls] == [{"location": "San Francisco"}]

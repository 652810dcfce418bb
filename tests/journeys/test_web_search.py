"""Searching the web, with the official SDKs against the real server and the simulator."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anthropic
import openai
import pytest

from ki2api.simulator import Simulator, SimulatorOptions
from ki2api.simulator.answer import Answer, Call
from ki2api.simulator.question import Question

MODEL = "claude-sonnet-4.5"
SEARCH: Any = {"type": "web_search_20250305", "name": "web_search"}
LS: Any = {"name": "ls", "input_schema": {"type": "object", "properties": {}}}
ASK: Any = {"role": "user", "content": "Please search the web for red pandas."}

pytestmark = pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")


@pytest.fixture
def client(house: Any) -> anthropic.Anthropic:
    gateway, _ = house
    made: anthropic.Anthropic = gateway.anthropic()
    return made


def ask(client: anthropic.Anthropic, *messages: Any, **more: Any) -> Any:
    settings = {"model": MODEL, "max_tokens": 900, "tools": [SEARCH]}
    return client.messages.create(**{**settings, "messages": messages or (ASK,), **more})


def stream(client: anthropic.Anthropic, *messages: Any, **more: Any) -> Any:
    settings: Any = {"model": MODEL, "max_tokens": 900, "tools": [SEARCH], **more}
    with client.messages.stream(**settings, messages=messages or (ASK,)) as events:
        return events.get_final_message()


def types(reply: Any) -> list[str]:
    return [block.type for block in reply.content]


def replayed(reply: Any) -> Any:
    blocks = [block.model_dump(exclude_none=True) for block in reply.content]
    return {"role": "assistant", "content": blocks}


@pytest.mark.parametrize("way", [ask, stream])
def test_a_search_comes_back_in_anthropics_blocks(
    house: Any, client: anthropic.Anthropic, way: Callable[..., Any]
) -> None:
    _, simulator = house
    reply = way(client)
    assert types(reply)[:4] == ["text", "server_tool_use", "web_search_tool_result", "text"]
    call, result = reply.content[1:3]
    assert call.input == {"query": "red pandas"}
    assert result.tool_use_id == call.id
    assert result.content[0].url == "https://example.com/guide/red-pandas"
    assert result.content[0].page_age == "May 1, 2025"
    cited = [block for block in reply.content if block.type == "text" and block.citations]
    assert cited[0].text == "red pandas: page 1."
    assert cited[0].citations[0].url == result.content[0].url
    assert cited[0].citations[0].cited_text == "What page 1 says of red pandas."
    assert not any("<cite" in block.text for block in reply.content if block.type == "text")
    assert reply.stop_reason == "end_turn"
    assert reply.usage.server_tool_use.web_search_requests == 1
    assert simulator.searches[-1].query == "red pandas"
    assert simulator.refused == []


def test_the_account_of_the_conversation_searches(house: Any, client: anthropic.Anthropic) -> None:
    _, simulator = house
    ask(client)
    assert {simulator.searches[-1].account} == {
        request.account for request in simulator.requests[-2:]
    }


def test_a_search_that_is_replayed_reaches_kiro_in_the_words_it_had(
    house: Any, client: anthropic.Anthropic
) -> None:
    _, simulator = house
    reply = stream(client)
    told = simulator.requests[-1].parsed()["conversationState"]["currentMessage"]
    before = told["userInputMessage"]["userInputMessageContext"]["toolResults"]
    ask(client, ASK, replayed(reply), {"role": "user", "content": "Thanks!"})
    history = simulator.requests[-1].parsed()["conversationState"]["history"]
    called, answered = history[1]["assistantResponseMessage"], history[2]["userInputMessage"]
    assert called["toolUses"][0]["name"] == "client_web_search"
    assert answered["userInputMessageContext"]["toolResults"] == before
    words = history[3]["assistantResponseMessage"]["content"]
    assert words.startswith("I searched the web and found: red pandas: page 1.")
    assert simulator.refused == []


def test_a_replayed_search_is_served_without_the_tool_too(
    house: Any, client: anthropic.Anthropic
) -> None:
    _, simulator = house
    reply = ask(client)
    thanks = {"role": "user", "content": "Thanks!"}
    assert ask(client, ASK, replayed(reply), thanks, tools=[]).stop_reason == "end_turn"
    assert simulator.refused == []


def test_openai_gets_links_and_annotations(house: Any) -> None:
    gateway, _ = house
    client: openai.OpenAI = gateway.openai()
    asked: Any = {"model": MODEL, "messages": [ASK], "web_search_options": {}}
    whole = client.chat.completions.create(**asked).choices[0].message
    with client.chat.completions.stream(**asked) as events:
        events.until_done()
        streamed = events.get_final_completion().choices[0].message
    for message in (whole, streamed):
        assert message.content is not None
        assert message.annotations is not None
        first = message.annotations[0].url_citation
        assert first.url == "https://example.com/guide/red-pandas"
        link = message.content[first.start_index : first.end_index]
        assert link == f"([example.com]({first.url}))"
        assert len(message.annotations) == 3
        assert message.tool_calls is None


def test_domains_are_filtered_here(house: Any, client: anthropic.Anthropic) -> None:
    reply = ask(client, tools=[{**SEARCH, "allowed_domains": ["example.org"]}])
    (result,) = [block for block in reply.content if block.type == "web_search_tool_result"]
    assert [page.url for page in result.content] == ["https://docs.example.org/pages/red-pandas"]


def restless(question: Question) -> Answer:
    """Search, and search again, until a search is refused."""
    if any(result.failed for result in question.results):
        return Answer("That is all: " + question.results[-1].text)
    return Answer("", (Call("client_web_search", {"query": f"look {len(question.tools)}"}),))


def both(question: Question) -> Answer:
    """Search and call a tool of the client at once."""
    if question.results:
        return Answer(" / ".join(result.text for result in question.results))
    return Answer("", (Call("client_web_search", {"query": "a"}), Call("ls")))


@pytest.fixture
def simulators() -> Iterator[ExitStack]:
    """Keeps simulators running, also while the gateways on them stop."""
    with ExitStack() as held:
        yield held


@pytest.fixture
def begin(simulators: ExitStack, start: Any) -> Any:
    """Starts a gateway on a simulated model that answers by a script."""

    def begin(script: Any = None, accounts: int = 1, **state: Any) -> Any:
        simulator = Simulator(SimulatorOptions(), script)
        simulators.enter_context(simulator.threaded())
        for number in range(accounts):
            simulator.add_account(f"account-{number}", **state)
        return start(simulator), simulator

    return begin


@pytest.mark.parametrize("way", [ask, stream])
def test_a_model_searches_no_more_often_than_it_may(begin: Any, way: Callable[..., Any]) -> None:
    gateway, simulator = begin(restless)
    reply = way(gateway.anthropic(), tools=[{**SEARCH, "max_uses": 2}])
    results = [block.content for block in reply.content if block.type == "web_search_tool_result"]
    assert len(results) == 3
    assert results[-1].error_code == "max_uses_exceeded"
    assert reply.content[-1].text.startswith("That is all: The search was not run")
    assert reply.usage.server_tool_use.web_search_requests == 2
    assert len(simulator.searches) == 2
    # Each round costs its whole input again, and that is told.
    assert reply.usage.input_tokens > 4 * 4_000


@pytest.mark.parametrize(
    ("fault", "values", "code"),
    [
        ("refuse", {"kind": "throttled"}, "too_many_requests"),
        ("refuse", {"status": 500}, "unavailable"),
        ("error", {}, "unavailable"),
        ("failed", {}, "unavailable"),
        ("garbage", {}, "unavailable"),
    ],
)
def test_a_search_that_fails_is_never_an_empty_result(
    begin: Any, fault: str, values: dict[str, Any], code: str
) -> None:
    gateway, simulator = begin()
    simulator.order_search(fault, times=2, **values)
    reply = ask(gateway.anthropic())
    (result,) = [block for block in reply.content if block.type == "web_search_tool_result"]
    assert result.content.error_code == code
    assert "failed" in reply.content[-1].text
    assert reply.usage.server_tool_use is None


def test_after_a_429_another_account_searches_and_the_first_one_rests(
    begin: Any,
) -> None:
    gateway, simulator = begin(accounts=2)
    simulator.order_search("refuse", kind="throttled")
    reply = ask(gateway.anthropic())
    assert "web_search_tool_result" in types(reply)
    assert reply.usage.server_tool_use.web_search_requests == 1
    first, second = simulator.searches
    assert first.account != second.account
    failures = {name: status["failures"] for name, status in gateway.statuses().items()}
    assert failures == {first.account: 1, second.account: 0}


def test_an_account_that_may_not_search_answers_all_the_same(begin: Any) -> None:
    gateway, simulator = begin(kind="social", search_refused=True)
    reply = ask(gateway.anthropic())
    (result,) = [block for block in reply.content if block.type == "web_search_tool_result"]
    assert result.content.error_code == "unavailable"
    assert reply.stop_reason == "end_turn"
    assert len(simulator.requests) == 2


def test_nothing_found_is_told_as_such(begin: Any) -> None:
    gateway, simulator = begin()
    simulator.order_search("nothing")
    reply = ask(gateway.anthropic())
    (result,) = [block for block in reply.content if block.type == "web_search_tool_result"]
    assert result.content == []
    assert "found no pages" in reply.content[-1].text


@pytest.mark.parametrize("way", [ask, stream])
def test_a_clients_tool_beside_a_search_goes_round(begin: Any, way: Callable[..., Any]) -> None:
    gateway, simulator = begin(both)
    reply = way(gateway.anthropic(), tools=[SEARCH, LS])
    assert types(reply) == ["tool_use", "server_tool_use", "web_search_tool_result"]
    assert reply.stop_reason == "tool_use"
    done = {"type": "tool_result", "tool_use_id": reply.content[0].id, "content": "no files"}
    told = way(
        gateway.anthropic(),
        ASK,
        replayed(reply),
        {"role": "user", "content": [done]},
        tools=[SEARCH, LS],
    )
    assert "[1] a: page 1" in told.content[0].text
    assert "no files" in told.content[0].text
    assert simulator.refused == []


def test_a_later_round_that_breaks_is_an_error_in_the_stream(begin: Any) -> None:
    gateway, simulator = begin()
    simulator.order("unknown-events")  # harmless, so that the next fault is the second round's
    simulator.order("exception")
    asked: Any = {"model": MODEL, "max_tokens": 900, "messages": [ASK], "tools": [SEARCH]}
    with (
        pytest.raises(anthropic.APIStatusError),
        gateway.anthropic().messages.stream(**asked) as it,
    ):
        it.until_done()
    assert len(simulator.searches) == 1


def test_without_the_stage_a_search_is_refused(
    simulator: Simulator, start: Any, chain: Any
) -> None:
    simulator.add_account("only")
    stages = chain().replace('[[pipeline]]\nstage = "web-search"\n', "")
    gateway = start(simulator, rest=stages)
    with pytest.raises(anthropic.BadRequestError, match=r"tools\[0\]: the web is not searched"):
        ask(gateway.anthropic())
    assert simulator.requests == []

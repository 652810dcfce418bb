"""A conversation stays on its account, where Kiro keeps its prompts; single questions go round."""

from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest

from ki2api.simulator import SimAccount, Simulator

MODEL = "claude-sonnet-4-5"
# The SDK announces when Anthropic itself will retire a model; that is not ours to heed.
pytestmark = pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")


@pytest.fixture
def accounts(simulator: Simulator) -> list[SimAccount]:
    return [simulator.add_account(name) for name in ("a", "b", "c")]


def served(simulator: Simulator) -> list[str]:
    return [request.account for request in simulator.requests]


def talk(client: anthropic.Anthropic, turns: int, opening: str, **more: Any) -> None:
    """Hold a conversation of so many turns, as a client with a history does."""
    messages: list[Any] = []
    for number in range(turns):
        messages.append({"role": "user", "content": f"{opening} {number}"})
        reply = client.messages.create(model=MODEL, max_tokens=99, messages=messages, **more)
        messages.append({"role": "assistant", "content": reply.content})


def test_a_conversation_with_a_history_stays_on_its_account(
    simulator: Simulator, start: Any, accounts: list[SimAccount]
) -> None:
    client = start(simulator).anthropic()
    talk(client, 4, "First")
    talk(client, 4, "Second")
    assert served(simulator) == ["a"] * 4 + ["b"] * 4


def test_a_named_session_stays_on_its_account_whatever_is_said(
    simulator: Simulator, start: Any, accounts: list[SimAccount]
) -> None:
    gateway = start(simulator)
    client = gateway.anthropic()
    user = "user_0a1b_account_2c3d_session_4e5f"
    for number in range(3):
        talk(client, 1, f"Question {number}", metadata={"user_id": user})
    other = gateway.openai()
    for number in range(3):
        ask(other, f"Question {number}", prompt_cache_key="of-openai")
    for number in range(3):
        ask(other, f"Question {number}", extra_headers={"x-session-id": "of-a-header"})
    assert served(simulator) == ["a"] * 3 + ["b"] * 3 + ["c"] * 3


def ask(client: openai.OpenAI, question: str, **more: Any) -> None:
    _ = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": question}], **more
    )


def test_equal_questions_without_a_session_go_round(
    simulator: Simulator, start: Any, accounts: list[SimAccount]
) -> None:
    client = start(simulator).openai()
    for _ in range(6):
        ask(client, "The same")
    assert served(simulator) == ["a", "b", "c"] * 2


def test_without_sticky_minutes_conversations_go_round_too(
    simulator: Simulator, start: Any, accounts: list[SimAccount], chain: Callable[..., str]
) -> None:
    settings = chain(account_select="sticky-minutes = 0")
    talk(start(simulator, rest=settings).anthropic(), 4, "Hello")
    assert served(simulator) == ["a", "b", "c", "a"]


def test_a_short_pause_steers_a_request_away_and_a_lasting_fault_moves_the_conversation(
    simulator: Simulator, start: Any, accounts: list[SimAccount]
) -> None:
    gateway = start(simulator)
    client = gateway.openai()

    def turn(number: int) -> None:
        ask(client, f"Question {number}", prompt_cache_key="mine")

    turn(0)
    accounts[0].throttle(1, retry_after=30)
    turn(1)
    turn(2)
    assert "a" not in served(simulator)[1:]
    with gateway.http() as http:
        _ = http.post("/v1/token/reset", json={}).raise_for_status()
    turn(3)
    accounts[0].exhaust()
    turn(4)
    turn(5)
    home = served(simulator)[4]
    assert served(simulator)[3:] == ["a", home, home]
    assert home != "a"

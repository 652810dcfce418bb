"""Both bindings, and the older host where the newer ones do not serve an account."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anthropic
import pytest

from ki2api.simulator import Simulator, SimulatorOptions

MODEL = "claude-sonnet-4.5"
HELLO: Any = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def simulated() -> Iterator[Callable[..., Simulator]]:
    """Runs a Kiro with switches of this test's choice."""
    with ExitStack() as held:
        yield lambda **options: held.enter_context(
            Simulator(SimulatorOptions(**options)).threaded()
        )


def bound(simulator: Simulator, binding: str) -> str:
    return f'auth-url = "{simulator.urls.auth}"\nbinding = "{binding}"'


def key(simulator: Simulator) -> str:
    account = simulator.add_account("headless", kind="api-key")
    return f'[[accounts]]\nname = "headless"\napi-key = "{account.api_key}"\n'


def hosts(simulator: Simulator) -> Counter[str]:
    """Count the conversations that each host got, answered or refused."""
    answered = [request.host for request in simulator.requests]
    path = "/generateAssistantResponse"
    refused = [refused.host for refused in simulator.refused if refused.path == path]
    return Counter(answered + refused)


@pytest.mark.parametrize("binding", ["rest", "json-1.0"])
def test_each_binding_answers_whole_and_streamed_in_both_dialects(
    simulator: Simulator, start: Any, binding: str
) -> None:
    simulator.add_account("work")
    gateway = start(simulator, upstream=bound(simulator, binding))
    openai_, anthropic_ = gateway.openai(), gateway.anthropic()

    whole = openai_.chat.completions.create(model=MODEL, messages=HELLO)
    assert "simulator" in whole.choices[0].message.content
    chunks = openai_.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert "simulator" in text

    message = anthropic_.messages.create(model=MODEL, messages=HELLO, max_tokens=100)
    (block,) = message.content
    assert isinstance(block, anthropic.types.TextBlock)
    assert "simulator" in block.text
    with anthropic_.messages.stream(model=MODEL, messages=HELLO, max_tokens=100) as stream:
        assert "simulator" in stream.get_final_text()

    assert {request.binding for request in simulator.requests} == {binding}
    assert hosts(simulator) == {"runtime": 4}


@pytest.mark.parametrize("binding", ["rest", "json-1.0"])
def test_each_binding_lists_what_the_account_is_offered(
    simulator: Simulator, start: Any, binding: str
) -> None:
    simulator.add_account("work").not_offered("claude-opus-5")
    alias = '[[models]]\nname = "my-model"\nmodel = "claude-haiku-4-5"\n'
    gateway = start(simulator, upstream=bound(simulator, binding), rest=alias)
    listed = [model.id for model in gateway.openai().models.list()]
    assert "claude-opus-5.5" in listed
    assert "claude-opus-5" not in listed
    assert listed[-1] == "my-model"
    shown = [model.id for model in gateway.anthropic().models.list()]
    assert [name for name in shown if not name.startswith("anthropic/")] == listed
    assert gateway.openai().models.retrieve("my-model").id == "my-model"
    assert simulator.asked["work", "ListAvailableModels"] == 1


def test_while_the_newer_hosts_are_down_the_older_one_serves(
    simulated: Callable[..., Simulator], start: Any
) -> None:
    simulator = simulated(down=frozenset({"runtime", "management"}))
    simulator.add_account("work")
    gateway = start(simulator)
    with gateway.http() as http:
        assert len(http.get("/v1/models").json()["data"]) == 23
        for _ in range(3):
            body = {"model": MODEL, "messages": HELLO}
            assert http.post("/v1/chat/completions", json=body).status_code == 200
    assert hosts(simulator) == {"q": 3}


def test_a_key_that_the_newer_host_refuses_is_served_by_the_older_one(
    simulated: Callable[..., Simulator], start: Any
) -> None:
    simulator = simulated(keys_on_runtime=False)
    gateway = start(simulator, accounts=key(simulator))
    for _ in range(3):
        answer = gateway.openai().chat.completions.create(model=MODEL, messages=HELLO)
        assert answer.choices[0].message.content
    assert hosts(simulator) == {"runtime": 1, "q": 3}
    assert gateway.statuses()["headless"]["state"] == "ready"


def test_a_key_is_served_by_the_newer_host_where_that_takes_it(
    simulator: Simulator, start: Any
) -> None:
    gateway = start(simulator, accounts=key(simulator))
    gateway.openai().chat.completions.create(model=MODEL, messages=HELLO)
    assert hosts(simulator) == {"runtime": 1}
    assert simulator.requests[0].headers["tokentype"] == "API_KEY"

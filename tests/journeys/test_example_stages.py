"""The stages of docs/examples in the running server, and what it says of a stage with a fault."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ki2api.simulator import Simulator

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ASK = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Say simulator"}]}
CHAT = "/v1/chat/completions"
Served = tuple[Any, Simulator]


def table(stage: str, *lines: str, place: str = 'after = "normalize"') -> str:
    return "\n".join(["[[pipeline]]", f'stage = "./{stage}.py"', place, *lines, ""])


@pytest.fixture
def example(simulator: Simulator, start: Any, tmp_path: Path) -> Callable[..., Any]:
    """Starts a gateway with examples, which are copied beside its config.toml."""

    def example(*tables: str) -> Any:
        simulator.add_account("only")
        for path in EXAMPLES.glob("*.py"):
            shutil.copyfile(path, tmp_path / path.name)
            (tmp_path / path.name).chmod(0o644)
        return start(simulator, rest="".join(tables))

    return example


@pytest.fixture
def faulty(simulator: Simulator, start: Any, tmp_path: Path) -> Callable[[str], Any]:
    """Starts a gateway with a stage of this text."""

    def faulty(text: str) -> Any:
        simulator.add_account("only")
        (tmp_path / "faulty.py").write_text(text)
        (tmp_path / "faulty.py").chmod(0o644)
        return start(simulator, rest=table("faulty"))

    return faulty


def words(gateway: Any, *, stream: bool, **more: Any) -> str:
    with gateway.openai() as client:
        answer = client.chat.completions.create(**ASK | more, stream=stream)
        if not stream:
            return str(answer.choices[0].message.content)
        return "".join(c.delta.content or "" for chunk in answer for c in chunk.choices)


def sent(simulator: Simulator) -> list[str]:
    return [msgspec.json.encode(request.parsed()).decode() for request in simulator.requests]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_words_are_redacted_on_both_ways(stream: Any, simulator: Any, example: Any) -> None:
    gateway = example(table("redact_words", 'words = ["simulator inside", "Say sim"]'))
    answer = words(gateway, stream=stream)
    assert "I am the [redacted] Ki2API" in answer
    assert answer.endswith("You said: [redacted]ulator")
    (body,) = sent(simulator)
    assert '"[redacted]ulator"' in body


def test_a_canned_answer_and_a_cached_reply_cost_no_request(simulator: Any, example: Any) -> None:
    gateway = example(
        table("canned_answer", 'answers = { ping = "pong" }'),
        table("cache_reply", place='before = "route"'),
    )
    ping = [{"role": "user", "content": "ping"}]
    assert [words(gateway, stream=stream, messages=ping) for stream in (False, True)] == [
        "pong"
    ] * 2
    assert simulator.requests == []
    assert (
        words(gateway, stream=True) == words(gateway, stream=False) == words(gateway, stream=True)
    )
    assert len(simulator.requests) == 1


def test_a_cap_ends_the_answer_and_the_account_serves_on(simulator: Any, example: Any) -> None:
    gateway = example(table("cap_max_tokens", "limit = 4"))
    client = gateway.anthropic()
    for _ in range(2):
        answer = client.messages.create(**ASK, max_tokens=1000)
        assert "Hello! I am the ".startswith(answer.content[0].text or "nothing")
        assert answer.stop_reason == "max_tokens"
        with client.messages.stream(**ASK, max_tokens=1000) as stream:
            assert "Hello! I am the ".startswith(stream.get_final_text() or "nothing")
    assert len(simulator.requests) == 4
    assert gateway.statuses()["only"]["state"] == "ready"


def test_a_denied_tool_is_not_sent_and_a_pinned_model_is(simulator: Any, example: Any) -> None:
    gateway = example(table("deny_tool", 'tools = ["rm"]'), table("pin_model"))
    tools = [
        {"type": "function", "function": {"name": name, "description": "x", "parameters": {}}}
        for name in ("rm", "ls")
    ]
    words(gateway, stream=False, tools=tools, extra_headers={"x-pin-model": "claude-haiku-4.5"})
    (body,) = sent(simulator)
    assert re.findall(r'"toolSpecification":\{"name":"(\w+)"', body) == ["ls"]
    assert '"modelId":"claude-haiku-4.5"' in body


def test_a_file_has_one_line_for_each_flow_and_no_prompt(
    simulator: Any, example: Any, tmp_path: Path
) -> None:
    file = 'path = "flows.jsonl"\nnotes = ["count-words", "time-stage"]'
    gateway = example(
        table("log_to_file", file, place='before = "auth"'),
        table("count_words", place='before = "retry"'),
        table("time_stage", place='before = "retry"'),
    )
    for stream in False, True:
        words(gateway, stream=stream)
    simulator.order("stall")
    http = gateway.http()
    with http.stream("POST", CHAT, json={**ASK, "stream": True}) as answer:
        next(answer.iter_bytes())
    gateway.wait_for(" 499 ")
    text = (tmp_path / "flows.jsonl").read_text()
    lines = [msgspec.json.decode(line) for line in text.splitlines()]
    assert [line["outcome"] for line in lines] == ["answered", "answered", "client left"]
    assert {line["account"] for line in lines} == {"only"}
    whole, streamed, left = (line["notes"] for line in lines)
    assert whole[1] == streamed[1] == "17 words"
    assert [len(notes) for notes in (whole, streamed, left)] == [3, 3, 2]
    assert "imulator" not in text


RAISES = """
def _fail():
    raise ValueError("oh no")

def {moment}:
    _fail()
"""


def test_a_stage_that_raises_is_a_500_with_the_flow_and_the_log_has_the_line(faulty: Any) -> None:
    gateway = faulty(RAISES.format(moment="request(flow)"))
    answer = gateway.http().post(CHAT, json=ASK)
    assert answer.status_code == 500
    message = answer.json()["error"]["message"]
    assert "faulty.py:3" in message
    flow = answer.headers["x-request-id"]
    assert flow in message
    assert "oh no" not in answer.text
    gateway.wait_for("ValueError: oh no")
    assert f"{flow} a request failed by an error in the code" in gateway.text
    assert 'faulty.py", line 3, in _fail' in gateway.text
    assert 'faulty.py", line 6, in request' in gateway.text


def test_a_stage_that_raises_in_the_stream_ends_it_with_the_flow(faulty: Any) -> None:
    gateway = faulty(RAISES.format(moment="event(flow, event)"))
    answer = gateway.http().post(CHAT, json={**ASK, "stream": True})
    assert answer.status_code == 200
    assert "faulty.py:3" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "oh no" not in answer.text
    gateway.wait_for("ValueError: oh no")
    assert (
        f"{answer.headers['x-request-id']} the reply broke off by an error in the code"
        in gateway.text
    )
    assert 'faulty.py", line 3, in _fail' in gateway.text


def test_a_stage_that_does_not_start_is_named_with_file_and_line(example: Any) -> None:
    gateway = example(table("log_to_file", 'path = "no/such/folder/flows.jsonl"'))
    assert gateway.process.wait(30) == 2
    gateway.wait_for(
        r"stage '\./log_to_file\.py' does not start: log_to_file\.py:\d+: FileNotFound"
    )
    assert "Traceback" not in gateway.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def requst(flow): ...", r'faulty\.py:1: requst is no hook - did you mean "request"\?'),
        ("\nrequires = {'conversaton'}\ndef request(flow): ...", 'did you mean "conversation"'),
        ("\nimport nothing_of_this_name", r"faulty\.py:2: ModuleNotFoundError"),
    ],
)
def test_a_misspelt_word_in_a_stage_is_named(text: str, told: str, faulty: Any) -> None:
    gateway = faulty(text)
    assert gateway.process.wait(30) == 2
    gateway.wait_for(told)
    assert "Traceback" not in gateway.text


def test_a_misspelt_file_is_named_with_the_line_that_asks_for_it(
    simulator: Simulator, start: Any
) -> None:
    gateway = start(simulator, rest=table("redakt"))
    assert gateway.process.wait(30) == 2
    gateway.wait_for(
        r'config\.toml:\d+: stage "\./redakt\.py": cannot read .*redakt\.py: No such file'
    )

"""How a script sees a request."""

from base64 import b64encode
from struct import pack
from typing import Any

import msgspec
import pytest

from ki2api.simulator.catalogue import CATALOGUE
from ki2api.simulator.question import Question, question_of, tokens_in
from ki2api.simulator.rules.wire import Ask


def _question(
    text: str, history: Any = (), model: str = "claude-sonnet-4.5", fields: Any = None, **more: Any
) -> Question:
    message = {"content": text, "modelId": model, **more}
    state = {
        "chatTriggerType": "MANUAL",
        "history": list(history),
        "currentMessage": {"userInputMessage": message},
    }
    body = {"conversationState": state, "additionalModelRequestFields": fields}
    return question_of(msgspec.convert(body, Ask), CATALOGUE, "c")


def _round(results: list[Any]) -> Question:
    use = {"toolUseId": "t1", "name": "look", "input": {}}
    history = [
        {"userInputMessage": {"content": "system text\n\nWhat is there?"}},
        {"assistantResponseMessage": {"content": "", "toolUses": [use]}},
    ]
    return _question("", history, userInputMessageContext={"toolResults": results})


def test_the_prompt_is_the_last_paragraph_without_asides() -> None:
    text = "You are kind.\n\nHello there [[sim:text say=x]]\n\n<system-reminder>no\n\nno</system-reminder>"
    question = _question(text)
    assert question.prompt == "Hello there"
    assert question.marker == ("text", {"say": "x"})


def test_a_request_without_words_has_no_prompt_and_no_marker() -> None:
    question = _question("\n\n")
    assert (question.prompt, question.marker) == ("", None)


def test_results_come_with_the_name_of_their_tool_and_the_prompt_before() -> None:
    content = [{"text": "a tree"}, {"json": {"n": 1}}, {}]
    question = _round([{"toolUseId": "t1", "content": content, "status": "error"}])
    (result,) = question.results
    assert (result.tool, result.text, result.failed) == ("look", 'a tree\n{"n":1}', True)
    assert question.prompt == "What is there?"


def test_pictures_are_looked_at_and_count_as_tokens() -> None:
    png = b"\x89PNG\r\n\x1a\n" + pack(">I4sII", 13, b"IHDR", 640, 480) + b"\0" * 400_000
    image = {"format": "png", "source": {"bytes": b64encode(png).decode()}}
    question = _question("What is this?", images=[image])
    assert question.pictures[0].size == (640, 480)
    assert question.tokens - _question("What is this?").tokens == pytest.approx(1_600, abs=50)


def test_documents_are_named_and_count_as_tokens() -> None:
    source = {"bytes": b64encode(b"%PDF-1.7" + b"\0" * 400_000).decode()}
    document = {"name": "report", "format": "pdf", "source": source}
    question = _question("What is this?", documents=[document])
    assert question.documents == ("report (pdf)",)
    assert question.tokens - _question("What is this?").tokens == pytest.approx(1_600, abs=50)


@pytest.mark.parametrize(
    ("model", "fields", "text", "thinking"),
    [
        ("claude-opus-5", {"thinking": {"type": "adaptive"}}, "x", "events"),
        ("claude-opus-5", {"thinking": {"type": "disabled"}}, "x", "none"),
        (
            "claude-opus-5",
            {"thinking": {"type": "adaptive", "display": "omitted"}},
            "x",
            "signature-only",
        ),
        ("gpt-5.6-sol", {"reasoning": {"effort": "low"}}, "x", "redacted"),
        ("gpt-5.6-sol", None, "x", "none"),
        ("claude-haiku-4.5", None, "<thinking_mode>enabled</thinking_mode>\n\nx", "tags"),
        ("claude-haiku-4.5", None, "x", "none"),
    ],
)
def test_thinking_is_asked_for_in_the_way_of_the_model(
    model: str, fields: Any, text: str, thinking: str
) -> None:
    assert _question(text, model=model, fields=fields).thinking == thinking


@pytest.mark.parametrize(
    ("model", "fields", "text", "steps"),
    [
        ("claude-opus-5", None, "x", 3),
        ("claude-opus-5", {"output_config": {"effort": "low"}}, "x", 1),
        ("gpt-5.6-sol", {"reasoning": {"effort": "max"}}, "x", 5),
        ("gpt-5.6-sol", {"reasoning": {"effort": "none"}}, "x", 1),
        ("claude-haiku-4.5", None, "<max_thinking_length>1024</max_thinking_length>", 1),
        ("claude-haiku-4.5", None, "<max_thinking_length>24576</max_thinking_length>", 5),
    ],
)
def test_effort_decides_how_much_is_thought(model: str, fields: Any, text: str, steps: int) -> None:
    assert _question(text, model=model, fields=fields).steps == steps


def test_tokens_are_estimated_by_script() -> None:
    assert tokens_in("x" * 400) == 100
    assert tokens_in("春" * 300) == 200

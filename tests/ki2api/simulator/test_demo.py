"""The default script: greetings, poems, pictures, and an agent loop that goes round and ends."""

from typing import Any

import pytest

from ki2api.simulator.answer import Answer
from ki2api.simulator.catalogue import CATALOGUE
from ki2api.simulator.demo import demo
from ki2api.simulator.picture import Picture
from ki2api.simulator.question import Question, Result

_MODEL = CATALOGUE["claude-sonnet-4.5"]


def _answer(prompt: str, **rest: Any) -> Answer:
    return demo(Question(_MODEL, prompt, prompt, **rest))


def test_it_introduces_itself_in_chinese() -> None:
    text = _answer("你好，请介绍一下自己").text
    assert text.startswith("你好。我是 Ki2API 自带的模拟器")


def test_it_writes_a_poem_about_spring() -> None:
    text = _answer("写一首关于春天的诗").text
    assert text.startswith("《春》\n\n")
    assert len(text.splitlines()) == 6
    assert len(_answer("Write a poem about spring").text.splitlines()) == 4


def test_it_echoes_in_the_language_of_the_prompt() -> None:
    assert _answer("Hello").text.endswith("no Kiro was asked. You said: Hello")
    assert _answer("").text.endswith("no Kiro was asked.")
    assert _answer("早上好").text.endswith("你说的是「早上好」。")


@pytest.mark.parametrize(
    ("prompt", "picture", "words"),
    [
        ("Look", Picture("png", (640, 480)), "I see a png image of 640 × 480 pixels."),
        ("Look", Picture("jpeg"), "I see a jpeg image."),
        ("看图", Picture("png", (6, 4)), "我看到一张 png 图片，6 × 4 像素。"),
        ("看图", Picture("webp"), "我看到一张 webp 图片。"),
    ],
)
def test_it_says_what_a_picture_is(prompt: str, picture: Picture, words: str) -> None:
    assert _answer(prompt, pictures=(picture,)).text.endswith(words)


def test_it_names_each_document() -> None:
    assert _answer("Read", documents=("a (pdf)",)).text.endswith("\nI have the document a (pdf).")
    assert _answer("看", documents=("a (pdf)",)).text.endswith("\n我收到文件 a (pdf)。")


@pytest.mark.parametrize(
    ("prompt", "failed", "words"),
    [
        ("Weather?", False, "The tool look says: 18 °C"),
        ("Weather?", True, "The tool look failed: 18 °C"),
        ("天气", False, "工具 look 的结果是「18 °C」。"),
        ("天气", True, "工具 look 出错了「18 °C」。"),
    ],
)
def test_it_tells_what_a_tool_brought(prompt: str, *, failed: bool, words: str) -> None:
    assert _answer(prompt, results=(Result("look", "18 °C", failed),)).text == words


def test_it_thinks_when_asked_to() -> None:
    assert _answer("Hi").thoughts == ""
    assert _answer("Hi", thinking="events").thoughts.startswith("The user says: 'Hi'")
    most = _answer("Hi", thinking="events", steps=5).thoughts
    assert len(most) > len(_answer("Hi", thinking="events").thoughts)
    assert _answer("你好", thinking="tags").thoughts.startswith("用户说的是「你好」")


@pytest.mark.anyio
async def test_an_agent_loop_goes_round_and_ends(caller: Any, weather: Any) -> None:
    question = "What is the weather in San Francisco?"
    events = await caller.events(question, tools=[weather])
    (call,) = events.calls
    assert call == ("get_weather", {"location": "San Francisco"})
    id_ = events.of("toolUseEvent")[0]["toolUseId"]
    use = {"toolUseId": id_, "name": call[0], "input": call[1]}
    history = [
        {"userInputMessage": {"content": question}},
        {"assistantResponseMessage": {"content": events.text, "toolUses": [use]}},
    ]
    results = [{"toolUseId": id_, "content": [{"text": "18 °C, fog"}], "status": "success"}]
    last = await caller.events("", history=history, tools=[weather], toolResults=results)
    assert last.calls == []
    assert last.text == "The tool get_weather says: 18 °C, fog"


@pytest.mark.anyio
async def test_thinking_of_a_new_model_is_streamed_and_hidden_as_asked(caller: Any) -> None:
    shown = {"thinking": {"type": "adaptive"}}
    events = await caller.events("Hi", model="claude-opus-5", fields=shown)
    assert "text" in events.of("reasoningContentEvent")[0]
    hidden = {"thinking": {"type": "adaptive", "display": "omitted"}}
    events = await caller.events("Hi", model="claude-opus-5", fields=hidden)
    assert [part.keys() for part in events.of("reasoningContentEvent")] == [{"signature"}]

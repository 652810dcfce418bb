"""The script that answers where no other is given: small useful replies that name themselves."""

import re

from ki2api.simulator.answer import Answer, Call
from ki2api.simulator.orders import calls_are_ordered, ordered_calls, ordered_json
from ki2api.simulator.picture import Picture
from ki2api.simulator.question import Question, Result

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_INTRODUCTION = re.compile(
    r"介绍一下|自我介绍|你是谁|who are you|introduce yourself", re.IGNORECASE
)
_POEM = re.compile(r"写.*诗|\bpoem\b", re.IGNORECASE)
_COMMA = "，"  # noqa: RUF001 - it is Chinese
_LONGEST_ECHO = 200
_LONGEST_RESULT = 2_000
_SEARCH = "web_search"
_PAGE = re.compile(r"^\[(\d+)\] (.+)$", re.MULTILINE)

_POEM_OF_SPRING = """\
《春》

东风一夜到江南
吹绿垂杨吹暖滩
最是多情檐下燕
衔泥又上旧阑干"""
_ENGLISH_POEM = """\
The ice lets go, the rivers run,
The hedge turns green beneath the sun;
A swallow writes across the sky
That winter, too, has wings to fly."""


def demo(question: Question) -> Answer:
    """Answer in the language of the prompt; call the caller's tools where they fit."""
    chinese = bool(_CHINESE.search(question.prompt))
    thoughts = "" if question.thinking == "none" else _thoughts(question, chinese=chinese)
    looking = "我来查一下。" if chinese else "I will look that up."
    searched = any(_SEARCH in result.tool for result in question.results)
    if calls_are_ordered(question) and not searched:
        return Answer(looking, ordered_calls(question), thoughts)
    if json := ordered_json(question):
        return Answer(json, thoughts=thoughts)
    if question.results:
        told = "\n".join(_told(result, chinese=chinese) for result in question.results)
        return Answer(_cited(question.results, chinese=chinese) or told, thoughts=thoughts)
    if _POEM.search(question.prompt):
        return Answer(_POEM_OF_SPRING if chinese else _ENGLISH_POEM, thoughts=thoughts)
    if calls := _calls(question):
        return Answer(looking, calls, thoughts)
    return Answer(_spoken(question, chinese=chinese), thoughts=thoughts)


def _calls(question: Question) -> tuple[Call, ...]:
    if _INTRODUCTION.search(question.prompt):
        return ()
    return ordered_calls(question)


def _thoughts(question: Question, *, chinese: bool) -> str:
    said = question.prompt[:_LONGEST_ECHO]
    if chinese:
        more = "".join(f"第{step}遍想过、答案不变。" for step in range(2, question.steps + 1))
        return f"用户说的是「{said}」。我用中文简短地回答。{more}"
    more = "".join(f" Look {step}: it stands." for step in range(2, question.steps + 1))
    return f"The user says: {said!r}. I answer shortly, in English.{more}"


def _cited(results: tuple[Result, ...], *, chinese: bool) -> str:
    """Say what the pages of a search are called, in the marks that the gateway asks for."""
    pages = [
        page
        for result in results
        if _SEARCH in result.tool and not result.failed
        for page in _PAGE.findall(result.text)
    ]
    if not pages:
        return ""
    found = " ".join(f'<cite index="{number}">{title}.</cite>' for number, title in pages)
    return f"{'我在网上找到了' if chinese else 'I searched the web and found:'} {found}"


def _told(result: Result, *, chinese: bool) -> str:
    text = result.text[:_LONGEST_RESULT]
    if chinese:
        return f"工具 {result.tool} {'出错了' if result.failed else '的结果是'}「{text}」。"
    return f"The tool {result.tool} {'failed' if result.failed else 'says'}: {text}"


def _spoken(question: Question, *, chinese: bool) -> str:
    lines = [_greeting(question, chinese=chinese)]
    lines += [_seen(picture, chinese=chinese) for picture in question.pictures]
    had = "我收到文件" if chinese else "I have the document"
    lines += [f"{had} {document}{'。' if chinese else '.'}" for document in question.documents]
    return "\n".join(lines)


def _greeting(question: Question, *, chinese: bool) -> str:
    model, said = question.model.id, question.prompt[:_LONGEST_ECHO]
    if chinese and _INTRODUCTION.search(said):
        return (
            f"你好。我是 Ki2API 自带的模拟器{_COMMA}此刻扮演 {model}。"
            f"我不会连接任何 Kiro 服务{_COMMA}只用来试一试你的客户端和配置。"
        )
    if chinese:
        return f"你好。我是 Ki2API 自带的模拟器{_COMMA}此刻扮演 {model}。你说的是「{said}」。"
    hello = f"Hello! I am the simulator inside Ki2API, playing {model}; no Kiro was asked."
    return f"{hello} You said: {said}" if said else hello


def _seen(picture: Picture, *, chinese: bool) -> str:
    size = f"{picture.size[0]} × {picture.size[1]}" if picture.size else ""  # noqa: RUF001 - the sign of dimensions
    if chinese:
        return f"我看到一张 {picture.format} 图片" + (f"{_COMMA}{size} 像素。" if size else "。")
    return f"I see a {picture.format} image" + (f" of {size} pixels." if size else ".")

"""The table of rules says what the code does: each is broken here, and the documents show it."""

import ast
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import ki2api
from ki2api.conversation import (
    DocumentPart,
    ImagePart,
    Part,
    TextPart,
    ThinkingPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.errors import GatewayError
from ki2api.kiro.compose import Limits
from ki2api.kiro.rules.register import RULES, Rule

Hear = Callable[..., Any]
PACKAGE = Path(ki2api.__file__).parent
DOCS = PACKAGE.parent / "docs"
ID = re.compile(r"[HT]\d+|§3\.\d")
BY_ID = {rule.id: rule for rule in RULES}


def user(*parts: Part) -> Turn:
    return Turn("user", parts or (TextPart("go"),))


def model(*parts: Part) -> Turn:
    return Turn("assistant", parts or (TextPart("went"),))


def call(call_id: str = "1", arguments: str = "{}") -> ToolCallPart:
    return ToolCallPart(call_id, "get", arguments)


def result(call_id: str = "1", text: str = "got") -> ToolResultPart:
    return ToolResultPart(call_id, (TextPart(text),))


def tool(schema: object = None, name: str = "get", description: str = "gets") -> Tool:
    return Tool(name, description, msgspec.Raw(msgspec.json.encode(schema or {})))


REPAIRED: dict[str, tuple[tuple[Turn, ...], tuple[Tool, ...]]] = {
    "H1": ((user(), model()), ()),
    "H2": ((model(), user()), ()),
    "H4": ((user(), Turn("user", (TextPart("on"),), "messages[1]")), ()),
    "H5": ((user(TextPart(" ")),), ()),
    "H6": ((user(), model(TextPart("")), user()), ()),
    "H7": ((user(), model(call()), user()), (tool(),)),
    "H8": ((user(), model(), user(result())), (tool(),)),
    "H9": ((user(result()),), (tool(),)),
    "H10": ((user(), model(call("x" * 65)), user(result("x" * 65))), (tool(),)),
    "H11": ((user(), model(call(), call("2")), user(result("2"), result())), (tool(),)),
    "H12": ((user(), model(call()), user(result())), ()),
    "H15": ((user(), model(call(arguments="[]")), user(result())), (tool(),)),
    "H16": ((user(), model(call()), user(result(text=""))), (tool(),)),
    "H17": ((user(ImagePart("gif", "iVBORw0KGgoAAAAA")),), ()),
    "H19": ((user(TextPart("a\0b")),), ()),
    "T1": ((user(),), (tool(name="x" * 65),)),
    "T2": ((user(),), (tool(name="a.b"),)),
    "T3": ((user(),), (tool(), tool(name="GET"))),
    "T4": ((user(),), (tool(description=" "),)),
    "T5": ((user(),), (tool(description="x" * 10_001),)),
    "T6": ((user(),), (tool({"type": "array"}),)),
    "T7": ((user(),), (tool({"anyOf": [{"type": "object"}]}),)),
    "T8": ((user(),), (tool({"type": "object", "properties": None}),)),
    "T9": ((user(),), (tool({"type": "object", "additionalProperties": False}),)),
    "T10": ((user(),), (tool({"type": "object", "minProperties": 1}),)),
    "T11": ((user(),), (tool({"properties": {"a": {"type": ["string", "null"]}}}),)),
    "T15": ((user(),), (tool(name="web_search"),)),
    "§3.6": ((user(), model(ThinkingPart("hm"), TextPart("yes")), user()), ()),
}
PDF = b64encode(b"%PDF-1.7 hello").decode()
REPAIRED["§3.7"] = ((user(DocumentPart("a.b", "pdf", PDF)),), ())
DEEP = b'{"a":' * 70 + b"1" + b"}" * 70
REFUSED: dict[str, tuple[tuple[Turn, ...], tuple[Tool, ...]]] = {
    "H1": ((), ()),
    "H17": ((user(ImagePart("png", "AAAA")),), ()),
    "H18": ((user(), model(), user(), model(), user()), ()),
    "T6": ((user(),), (Tool("get", "gets", msgspec.Raw(b"{")),)),
    "T10": ((user(),), (Tool("get", "gets", msgspec.Raw(DEEP)),)),
    "T14": ((user(),), tuple(tool(name=f"t{number}") for number in range(4))),
    "§3.7": ((user(DocumentPart("a", "pdf", "AAAA")),), ()),
    "§3.8": ((user(TextPart("long " * 2_000)),), ()),
}
SMALL = Limits(max_weight=9_000, max_history=3, max_tools=3)


@pytest.mark.parametrize("rule", REPAIRED)
def test_a_breach_is_repaired_under_the_id_of_its_rule(hear: Hear, rule: str) -> None:
    turns, tools = REPAIRED[rule]
    assert rule in hear(*turns, tools=tools).rules


@pytest.mark.parametrize("rule", REFUSED)
def test_a_breach_is_refused_by_the_id_of_its_rule(hear: Hear, rule: str) -> None:
    turns, tools = REFUSED[rule]
    with pytest.raises(GatewayError) as caught:
        hear(*turns, tools=tools, limits=SMALL)
    assert caught.value.rule == rule
    assert f"(rule {rule})" in caught.value.message


def test_the_table_says_what_becomes_of_each_breach() -> None:
    assert {rule.id for rule in RULES if "repaired" in rule.deeds} == set(REPAIRED)
    assert {rule.id for rule in RULES if "refused" in rule.deeds} == set(REFUSED)


def test_the_table_has_every_rule_that_the_code_knows() -> None:
    used = {
        node.value
        for path in (PACKAGE / "kiro").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if ID.fullmatch(node.value)
    }
    assert used == set(BY_ID)


def test_the_table_has_every_rule_that_is_known_of_kiro() -> None:
    rows = re.findall(r"^\| ([HT]\d+) \|", (DOCS / "kiro.md").read_text(), re.MULTILINE)
    assert [each for each in BY_ID if each[0] in "HT"] == rows


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_can_be_found_where_the_table_says(rule: Rule) -> None:
    text = (PACKAGE / rule.where).read_text()
    assert re.search(rf"(?<![a-z0-9]){rule.id}(?!\d)", text, re.IGNORECASE) or rule.id == "H21"


def test_the_documents_show_the_table() -> None:
    shown = (DOCS / "rules.md").read_text()
    rows = [line for line in shown.splitlines() if re.match(r"\| [HT§]\S* \|", line)]
    assert rows == [
        f"| {rule.id} | {rule.about} | {', '.join(rule.deeds)} | `{rule.where}` |" for rule in RULES
    ]

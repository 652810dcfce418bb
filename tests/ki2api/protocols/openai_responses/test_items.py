"""The items of a request."""

from typing import Any

import msgspec
import pytest

from ki2api.conversation import (
    ImagePart,
    Part,
    Role,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.errors import InvalidRequest
from ki2api.protocols.openai_responses.items import (
    READERS,
    SKIPPED,
    SUMMARY,
    Reading,
    Spoken,
    additional_tools,
    items_of,
    spoken,
)
from ki2api.protocols.openai_responses.names import Called, FlatNames
from ki2api.protocols.openai_responses.sealed import Sealed, seal
from ki2api.protocols.reading import Unserved

KEPT = {
    "msg_1": b'{"id":"msg_1","type":"message","role":"assistant","content":"I know."}',
}


def read(*items: Any, drop: bool = False) -> tuple[list[Spoken], list[str]]:
    unserved = Unserved(drop=drop)
    names = FlatNames()
    names.declare(Called("spawn", "agents"))
    raws = [msgspec.json.encode(item) for item in items]
    found = items_of(raws, "input", KEPT.get, unserved)
    return list(spoken(found, Reading(names, unserved))), unserved.dropped


def one(item: Any) -> tuple[Role, tuple[Part, ...]]:
    ((is_system, turn),), dropped = read(item)
    assert not is_system
    assert dropped == []
    assert turn.at == "input[0]"
    return turn.role, turn.parts


@pytest.mark.parametrize(
    ("role", "is_system", "speaks"),
    [
        ("user", False, "user"),
        ("assistant", False, "assistant"),
        ("system", True, "user"),
        ("developer", True, "user"),
    ],
)
@pytest.mark.parametrize("typed", [{}, {"type": "message"}])
def test_a_message_is_a_turn_with_or_without_a_type(
    role: str, speaks: Role, typed: dict[str, str], *, is_system: bool
) -> None:
    content = (TextPart("hi", "input[0].content"),)
    assert read({"role": role, "content": "hi", **typed}) == (
        [(is_system, Turn(speaks, content, "input[0]"))],
        [],
    )


def test_a_message_without_content_is_a_turn_without_words() -> None:
    assert one({"role": "user"}) == ("user", ())


@pytest.mark.parametrize(
    ("item", "part"),
    [
        (
            {"type": "function_call", "call_id": "c", "name": "ls", "arguments": '{"a":1}'},
            ToolCallPart("c", "ls", '{"a":1}', "input[0]"),
        ),
        (
            {"type": "function_call", "call_id": "c", "name": "ls", "arguments": ""},
            ToolCallPart("c", "ls", "{}", "input[0]"),
        ),
        (
            {"type": "function_call", "call_id": "c", "name": "spawn", "namespace": "agents"},
            ToolCallPart("c", "agents__spawn", "{}", "input[0]"),
        ),
        (
            {"type": "custom_tool_call", "call_id": "c", "name": "patch", "input": 'a"\n'},
            ToolCallPart("c", "patch", r'{"input":"a\"\n"}', "input[0]"),
        ),
        (
            {"type": "local_shell_call", "call_id": "c", "action": {"command": ["ls"]}},
            ToolCallPart("c", "local_shell", '{"command":["ls"]}', "input[0]"),
        ),
    ],
)
def test_a_call_is_the_assistants(item: dict[str, Any], part: Part) -> None:
    assert one(item) == ("assistant", (part,))


@pytest.mark.parametrize("kind", ["function_call_output", "custom_tool_call_output"])
def test_what_a_call_gave_is_the_users(kind: str) -> None:
    content = [
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "image_url": "data:image/png;base64,aGk="},
        {"type": "output_text", "text": "b"},
    ]
    at = "input[0].output"
    assert one({"type": kind, "call_id": "c", "output": content}) == (
        "user",
        (
            ToolResultPart(
                "c",
                (
                    TextPart("a", f"{at}[0]"),
                    ImagePart("png", "aGk=", f"{at}[1]"),
                    TextPart("b", f"{at}[2]"),
                ),
                at="input[0]",
            ),
        ),
    )
    bare = ToolResultPart("c", (TextPart("a", at),), at="input[0]")
    assert one({"type": kind, "call_id": "c", "output": "a"}) == ("user", (bare,))


@pytest.mark.parametrize("name", ["id", "call_id"])
def test_what_a_command_gave_is_named_by_either_id(name: str) -> None:
    part = ToolResultPart("c", (TextPart("a", "input[0].output"),), at="input[0]")
    item = {"type": "local_shell_call_output", name: "c", "output": "a"}
    assert one(item) == ("user", (part,))


def test_an_agents_message_says_from_whom_and_to_whom() -> None:
    content = [{"type": "input_text", "text": "go"}]
    item = {"type": "agent_message", "author": "/root", "recipient": "/a", "content": content}
    first = TextPart("Message from /root to /a:", "input[0]")
    assert one(item) == ("user", (first, TextPart("go", "input[0].content[0]")))


def reasoning(**fields: Any) -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [], **fields}


def summary(*texts: str) -> list[dict[str, str]]:
    return [{"type": "summary_text", "text": text} for text in texts]


@pytest.mark.parametrize(
    ("item", "part"),
    [
        (reasoning(summary=summary("a", "b")), ThinkingPart("a\n\nb", at="input[0]")),
        (
            reasoning(summary=summary("a"), content=[{"type": "reasoning_text", "text": "all"}]),
            ThinkingPart("all", at="input[0]"),
        ),
        (
            reasoning(summary=summary("a"), encrypted_content=seal(Sealed("sig"))),
            ThinkingPart("a", "sig", at="input[0]"),
        ),
        (
            reasoning(encrypted_content=seal(Sealed(redacted="blob"))),
            ThinkingPart("", "", "blob", "input[0]"),
        ),
    ],
)
def test_thoughts_come_back_with_their_proof(item: dict[str, Any], part: Part) -> None:
    assert one(item) == ("assistant", (part,))


def test_what_another_server_sealed_is_left_out_and_told() -> None:
    found, dropped = read(reasoning(encrypted_content="gAAAA"), reasoning())
    assert found == []
    assert dropped == ["input[0].encrypted_content"]


@pytest.mark.parametrize("kind", ["compaction", "context_compaction"])
def test_a_summary_of_ours_is_told_again(kind: str) -> None:
    item = {"type": kind, "encrypted_content": seal(Sealed(summary="They talked."))}
    assert one(item) == ("user", (TextPart(f"{SUMMARY}\n\nThey talked.", "input[0]"),))


@pytest.mark.parametrize("sealed", ["gAAAA", "", seal(Sealed("sig"))])
def test_a_summary_of_another_server_is_refused(sealed: str) -> None:
    item = {"type": "compaction", "encrypted_content": sealed}
    with pytest.raises(InvalidRequest, match="another server") as refused:
        read(item)
    assert refused.value.path == "input[0]"
    assert read(item, drop=True) == ([], ["input[0]"])


def test_a_reference_stands_for_what_is_kept() -> None:
    turn = Turn("assistant", (TextPart("I know.", "input[0].content"),), "input[0]")
    assert read({"id": "msg_1"}) == ([(False, turn)], [])
    assert read({"type": "item_reference", "id": "msg_1"}) == ([(False, turn)], [])
    assert read({"type": "item_reference", "id": "msg_2"}) == ([], ["input[0]"])


@pytest.mark.parametrize("kind", sorted(SKIPPED))
def test_what_tools_of_openais_did_is_left_out_and_told(kind: str) -> None:
    assert read({"type": kind, "id": "x", "output": {"a": 1}}) == ([], ["input[0]"])


def test_an_item_of_another_kind_is_refused_by_its_place() -> None:
    with pytest.raises(InvalidRequest, match="'hologram' is not supported") as refused:
        read({"type": "hologram"})
    assert refused.value.path == "input[0]"
    assert read({"type": "hologram"}, drop=True) == ([], ["input[0]"])


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"type": "function_call", "name": "ls"}, "input[0].call_id: Field required"),
        ({"role": "nobody"}, "input[0].role: Invalid enum value 'nobody'"),
        ({"type": 5}, "input[0].type: Expected `str | null`, got `int`"),
        (
            {"role": "user", "content": [{"text": "a"}]},
            "input[0].content[0].type: Field required",
        ),
        ("hi", "input[0]: Expected `object`, got `str`"),
        ({}, "input[0].role: Field required"),
    ],
)
def test_a_fault_is_told_with_its_place(item: Any, message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(item)
    said = message.replace("`str | null`", "string or null").replace("`str`", "string")
    assert refused.value.message == said.replace("`int`", "integer").replace("`object`", "object")


def test_tools_stand_among_the_items() -> None:
    raw = b'{"type":"additional_tools","role":"developer","tools":[{"type":"x"}]}'
    (item,) = items_of([raw], "input", KEPT.get, Unserved(drop=False))
    assert [bytes(tool) for tool in additional_tools(item)] == [b'{"type":"x"}']


def test_no_kind_is_both_read_and_skipped() -> None:
    assert READERS.keys() & SKIPPED == set()

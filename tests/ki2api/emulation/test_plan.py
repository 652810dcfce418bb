"""What a request needs beside Kiro."""

from typing import Any

import msgspec
import pytest

from ki2api.conversation import (
    Conversation,
    ReplyFormat,
    Sampling,
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    Turn,
    WebSearch,
)
from ki2api.emulation.checks import Unfit
from ki2api.emulation.plan import Limit, Plan, plan_of
from ki2api.errors import InvalidRequest
from ki2api.events import Reply, Usage

SCHEMA = msgspec.Raw(b'{"type":"object", "required":["x"]}')
LOOK, SMELL = Tool("look", "", SCHEMA, "tools[0]"), Tool("smell", "", SCHEMA, "tools[1]")
HELLO = Turn("user", (TextPart("Hello"),), "messages[0]")
USAGE = Usage(1, 2, "upstream")
CALL = ToolCallPart("1", "look", '{"x":1}')


def plan(*turns: Turn, limit: Limit = Limit(), **asked: Any) -> Plan:  # noqa: B008 - it is frozen
    return plan_of(Conversation("m", turns or (HELLO,), **asked), limit)


def told(made: Plan) -> str:
    return "".join(part.text for part in made.conversation.system)


def reply(*parts: Any, reason: Any = "end") -> Reply:
    return Reply(parts, reason, USAGE)


def test_a_plain_request_needs_nothing() -> None:
    made = plan(system=(TextPart("Be."),), tools=(LOOK,))
    assert made.conversation == Conversation("m", (HELLO,), (TextPart("Be."),), (LOOK,))
    assert (made.names, made.checks, made.edited) == ([], [], False)


def test_limits_and_stop_strings_are_taken_over() -> None:
    sampling = Sampling(max_tokens=9, temperature=0.5, stop=("a",))
    made = plan(sampling=sampling, limit=Limit(9))
    assert made.conversation.sampling == Sampling(temperature=0.5)
    assert (made.names, made.limit, made.stops) == (["max_tokens", "stop"], Limit(9), ("a",))
    assert made.edited


def test_a_limit_of_the_models_own_stays() -> None:
    made = plan(sampling=Sampling(max_tokens=2_000), limit=Limit(4_000, native=True))
    assert made.conversation.sampling.max_tokens == 2_000
    assert (made.names, made.edited) == ([], True)


def test_a_limit_beyond_the_model_is_none() -> None:
    made = plan(sampling=Sampling(max_tokens=9), limit=Limit())
    assert made.conversation.sampling.max_tokens is None
    assert (made.names, made.edited) == ([], False)


@pytest.mark.parametrize(
    ("choice", "offered", "words"),
    [
        (ToolChoice("any"), ["look", "smell"], "Call one of the tools"),
        (ToolChoice("named", "smell"), ["smell"], "Call the tool smell in this reply"),
        (ToolChoice("none"), [], ""),
        (ToolChoice(parallel=False), ["look", "smell"], "Call at most one tool"),
        (ToolChoice("any", parallel=False), ["look", "smell"], "words alone.\n\nCall at most one"),
    ],
)
def test_a_choice_of_tools_is_said_and_offered(
    choice: ToolChoice, offered: list[str], words: str
) -> None:
    made = plan(tools=(LOOK, SMELL), tool_choice=choice)
    assert [tool.name for tool in made.conversation.tools] == offered
    assert made.conversation.tool_choice == ToolChoice()
    assert words in told(made)
    assert bool(words) == bool(told(made))
    assert ("tool_choice" in made.names) == (choice.mode != "auto")
    assert ("parallel_tool_calls" in made.names) == made.single == (not choice.parallel)


def test_a_required_call_is_checked() -> None:
    made = plan(tools=(LOOK, SMELL), tool_choice=ToolChoice("any"))
    assert made.settled(reply(CALL)) == reply(CALL)
    with pytest.raises(Unfit, match="It must call one of the tools look, smell"):
        made.settled(reply(TextPart("No")))
    named = plan(tools=(LOOK, SMELL), tool_choice=ToolChoice("named", "smell"))
    with pytest.raises(Unfit, match="It must call the tool smell"):
        named.settled(reply(CALL))


def test_where_tools_were_called_before_the_model_is_told_to_call_none() -> None:
    turns = Turn("assistant", (CALL,)), HELLO
    made = plan(HELLO, *turns, tools=(LOOK,), tool_choice=ToolChoice("none"))
    assert "Do not call any tool" in told(made)
    with pytest.raises(Unfit, match="in words"):
        made.settled(reply(TextPart(" ")))
    assert made.found_faulty(reply(TextPart("Yes"))) is None


@pytest.mark.parametrize("asked", [{"tools": (SMELL,)}, {"web_search": WebSearch("look up")}])
def test_a_tool_that_is_not_offered_any_more_is_not_called(asked: Any) -> None:
    made = plan(HELLO, Turn("assistant", (CALL,)), HELLO, **asked)
    assert made.allowed == frozenset({"smell"} if "tools" in asked else {"look up"})
    assert (made.names, made.checks, told(made)) == ([], [], "")
    same = plan(HELLO, Turn("assistant", (CALL,)), HELLO, tools=(LOOK, SMELL))
    assert same.allowed is None


def test_where_no_tool_is_offered_any_more_none_is_called() -> None:
    made = plan(HELLO, Turn("assistant", (CALL,)), HELLO)
    assert (made.allowed, made.names, told(made)) == (frozenset(), [], "")
    with pytest.raises(Unfit, match="in words"):
        made.settled(reply())


@pytest.mark.parametrize(
    ("choice", "fault"),
    [
        (ToolChoice("named", "taste"), "tool_choice: there is no tool 'taste'"),
        (ToolChoice("any"), "tool_choice: a tool must be called, and there is none"),
    ],
)
def test_a_choice_that_cannot_be_kept_is_refused(choice: ToolChoice, fault: str) -> None:
    tools = (LOOK,) if choice.name else ()
    with pytest.raises(InvalidRequest) as refused:
        plan(tools=tools, tool_choice=choice)
    assert refused.value.message == fault


def test_a_search_that_is_required_is_not_seen_in_the_reply() -> None:
    search = WebSearch()
    made = plan(tools=(LOOK,), web_search=search, tool_choice=ToolChoice("named", "web_search"))
    assert (made.conversation.tools, made.conversation.web_search) == ((), search)
    assert (made.checks, made.allowed) == ([], frozenset({"web_search"}))
    named = plan(tools=(LOOK,), web_search=search, tool_choice=ToolChoice("named", "look"))
    assert named.conversation.web_search is None
    assert named.allowed == frozenset({"look"})
    none = plan(web_search=search, tool_choice=ToolChoice("none"))
    assert none.conversation.web_search is None


def test_a_reply_that_was_cut_is_not_checked() -> None:
    made = plan(tools=(LOOK,), tool_choice=ToolChoice("any"))
    cut = reply(TextPart("I"), reason="max-tokens")
    assert made.settled(cut) == cut


def test_strict_arguments_are_checked() -> None:
    strict = msgspec.structs.replace(LOOK, strict=True)
    made = plan(tools=(strict, SMELL))
    assert made.names == ["strict"]
    assert made.conversation.tools == (LOOK, SMELL)
    fine = reply(TextPart("a"), CALL, ToolCallPart("2", "smell", "{}"), reason="tool-calls")
    assert made.settled(fine) == fine
    fault = made.found_faulty(reply(ToolCallPart("1", "look", "{}"), reason="tool-calls"))
    assert fault == "The input of look does not fit its schema: $.x: is required."


@pytest.mark.parametrize(
    ("asked", "at"),
    [
        ({"tools": (Tool("a", "", msgspec.Raw(b"[]"), "tools[3]", strict=True),)}, "tools[3]"),
        ({"reply_format": ReplyFormat("json-schema", schema=msgspec.Raw(b"[]"), at="f")}, "f"),
        ({"reply_format": ReplyFormat("json-schema", schema=msgspec.Raw(b"false"), at="f")}, "f"),
    ],
)
def test_a_schema_that_cannot_be_kept_is_refused_by_its_place(asked: Any, at: str) -> None:
    with pytest.raises(InvalidRequest, match="its schema cannot be kept") as refused:
        plan(**asked)
    assert refused.value.path == at


def test_a_format_is_told_with_its_schema_on_one_line() -> None:
    form = ReplyFormat("json-schema", "point", "A point.", SCHEMA)
    made = plan(reply_format=form)
    assert made.names == ["response_format"]
    assert made.conversation.reply_format == ReplyFormat()
    assert "one JSON value" in told(made)
    assert '(point: A point.):\n\n{"type":"object","required":["x"]}' in told(made)
    assert "Schema:" in told(plan(reply_format=ReplyFormat("json-schema", schema=SCHEMA)))


def test_tools_may_be_called_before_an_answer_in_json() -> None:
    made = plan(tools=(LOOK,), reply_format=ReplyFormat("json"))
    assert "Tools may be called first." in told(made)
    assert "one JSON object" in told(made)
    assert made.settled(reply(TextPart("I look"), CALL)) == reply(TextPart("I look"), CALL)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"x":1}', '{"x":1}'),
        (' {"x":1}\n', '{"x":1}'),
        ('```json\n{"x":1}\n```', '{"x":1}'),
        ('```\n{"x":1}\n```', '{"x":1}'),
        ('```{"x":1}```', '{"x":1}'),
        ('No:\n```\n{"y":1}\n```\nYes:\n```\n{"x":1}\n```', '{"x":1}'),
        ('Here it is: {"x":1}. Fine?', '{"x":1}'),
        ('{"x":"```"}', '{"x":"```"}'),
    ],
)
def test_json_is_found_in_what_stands_around_it(text: str, found: str) -> None:
    made = plan(reply_format=ReplyFormat("json-schema", schema=SCHEMA))
    assert made.settled(reply(TextPart(text))).parts == (TextPart(found),)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no", "It must be JSON alone."),
        ("[" * 100_000, "It must be JSON alone."),
        ('{"y":1}', r"It does not fit: \$.x: is required."),
        ("[1]", r"It does not fit: \$: must be of type object."),
    ],
)
def test_what_does_not_fit_is_told(text: str, fault: str) -> None:
    made = plan(reply_format=ReplyFormat("json-schema", schema=SCHEMA))
    with pytest.raises(Unfit, match=fault):
        made.settled(reply(TextPart(text)))


def test_json_of_any_form_is_an_object() -> None:
    made = plan(reply_format=ReplyFormat("json"))
    assert made.found_faulty(reply(TextPart('{"y":1}'))) is None
    assert (
        made.found_faulty(reply(TextPart("[1]"))) == "It does not fit: $: must be of type object."
    )
    assert made.found_faulty(reply(TextPart('Here: {"y":1}'))) == "It must be JSON alone."


def test_json_begins_anew_after_the_assistants_own_words() -> None:
    said = Turn("assistant", (TextPart("{"),), "messages[1]")
    made = plan(HELLO, said, reply_format=ReplyFormat("json"))
    assert made.conversation.turns[-1].role == "user"
    assert made.said == ""


def test_a_prefill_is_told() -> None:
    made = plan(HELLO, Turn("assistant", (TextPart("The answer: "),)))
    assert (made.names, made.said, made.edited) == (["prefill"], "The answer:", True)
    assert "is the beginning of your reply" in told(made)

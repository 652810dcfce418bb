"""Items as turns."""

from ki2api.conversation import Part, Role, TextPart, ToolCallPart, ToolResultPart, Turn
from ki2api.protocols.openai_responses.turns import joined_turns

CALL, OTHER = ToolCallPart("c1", "ls", "{}"), ToolCallPart("c2", "pwd", "{}")
RESULT, OTHERS = ToolResultPart("c1", (TextPart("a"),)), ToolResultPart("c2", (TextPart("/"),))
WORDS = TextPart("words")


def turns(*said: tuple[Role, Part]) -> list[tuple[Role, tuple[Part, ...]]]:
    given = [Turn(role, (part,), f"input[{at}]") for at, (role, part) in enumerate(said)]
    return [(turn.role, turn.parts) for turn in joined_turns(given)]


def test_neighbours_of_one_role_are_one_turn_at_the_place_of_the_first() -> None:
    given = [Turn("user", (WORDS,), "input[0]"), Turn("user", (WORDS, WORDS), "input[1]")]
    assert joined_turns(given) == (Turn("user", (WORDS, WORDS, WORDS), "input[0]"),)


def test_a_message_between_a_call_and_what_it_gave_parts_them_not() -> None:
    assert turns(("assistant", CALL), ("assistant", WORDS), ("user", RESULT)) == [
        ("assistant", (CALL, WORDS)),
        ("user", (RESULT,)),
    ]


def test_what_a_call_gave_follows_it_though_the_user_spoke_first() -> None:
    assert turns(("assistant", CALL), ("user", WORDS), ("user", RESULT)) == [
        ("assistant", (CALL,)),
        ("user", (WORDS, RESULT)),
    ]


def test_what_a_call_gave_goes_back_to_the_turn_after_it() -> None:
    assert turns(
        ("assistant", CALL),
        ("assistant", OTHER),
        ("user", RESULT),
        ("assistant", WORDS),
        ("user", OTHERS),
    ) == [
        ("assistant", (CALL, OTHER)),
        ("user", (RESULT, OTHERS)),
        ("assistant", (WORDS,)),
    ]


def test_calls_one_after_the_other_stay_so() -> None:
    assert turns(("assistant", CALL), ("user", RESULT), ("assistant", OTHER), ("user", OTHERS)) == [
        ("assistant", (CALL,)),
        ("user", (RESULT,)),
        ("assistant", (OTHER,)),
        ("user", (OTHERS,)),
    ]


def test_what_no_call_asked_for_stays_where_it_is() -> None:
    assert turns(("user", WORDS), ("assistant", WORDS), ("user", RESULT)) == [
        ("user", (WORDS,)),
        ("assistant", (WORDS,)),
        ("user", (RESULT,)),
    ]


def test_a_turn_without_parts_is_a_turn() -> None:
    assert joined_turns([Turn("user", ())]) == (Turn("user", ()),)

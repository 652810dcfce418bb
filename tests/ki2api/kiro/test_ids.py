from uuid import UUID

from ki2api.conversation import Conversation, ImagePart, Metadata, TextPart, ToolResultPart, Turn
from ki2api.kiro.ids import ids_of


def user(*texts: str) -> Turn:
    return Turn("user", tuple(map(TextPart, texts)))


REPLY = Turn("assistant", (TextPart("hi"),))
RESULT = Turn("user", (ToolResultPart("1", (TextPart("x"),)), TextPart(" ")))


def talk(*turns: Turn, system: str = "", session: str | None = None) -> Conversation:
    texts = (TextPart(system),) if system else ()
    return Conversation("m", turns, texts, metadata=Metadata(session=session))


def test_ids_are_uuids_and_come_back() -> None:
    ids = ids_of(talk(user("a")))
    assert ids == ids_of(talk(user("a")))
    assert UUID(ids.conversation) != UUID(ids.continuation)


def test_a_conversation_keeps_its_id_while_it_grows() -> None:
    first = ids_of(talk(user("a"), system="s"))
    second = ids_of(talk(user("a"), REPLY, user("b"), system="s"))
    assert first.conversation == second.conversation
    assert first.continuation != second.continuation


def test_tool_rounds_belong_to_one_utterance() -> None:
    assert ids_of(talk(user("a"))) == ids_of(talk(user("a"), REPLY, RESULT))


def test_another_beginning_is_another_conversation() -> None:
    talks = [
        talk(user("a")),
        talk(user("b")),
        talk(user("a"), system="s"),
        talk(Turn("user", (ImagePart("png", "x"),))),
        talk(user("a"), session="s"),
    ]
    assert len({ids_of(each).conversation for each in talks}) == 5


def test_a_session_names_the_conversation() -> None:
    one, two = talk(user("a"), session="s"), talk(user("b"), session="s")
    assert ids_of(one) == ids_of(two)


def test_a_salt_makes_both_ids_fresh() -> None:
    old, new = ids_of(talk(user("a"))), ids_of(talk(user("a")), "2")
    assert old.conversation != new.conversation
    assert old.continuation != new.continuation


def test_odd_conversations_have_ids_too() -> None:
    assert ids_of(talk()) != ids_of(talk(user("\ud800")))

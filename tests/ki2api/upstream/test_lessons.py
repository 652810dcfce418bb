"""What Kiro's answers taught."""

from ki2api.kiro.framing import Frame
from ki2api.kiro.interpret import Interpreter
from ki2api.kiro.names import ToolNames
from ki2api.upstream import lessons
from ki2api.upstream.lessons import REFUSAL_SECONDS, Lessons

OPUS, SOL = "claude-opus-4.8", "gpt-5.6-sol"


def test_a_model_that_refuses_fields_is_asked_again_after_a_while() -> None:
    now = 5.0
    taught = Lessons(lambda: now)
    assert not taught.of(OPUS).refuses_fields
    taught.fields_refused(OPUS)
    assert taught.of(OPUS).refuses_fields
    assert not taught.of(SOL).refuses_fields
    now += REFUSAL_SECONDS
    assert not taught.of(OPUS).refuses_fields


def test_thoughts_go_back_to_their_own_model_only() -> None:
    taught = Lessons()
    interpreter = Interpreter(ToolNames(), 200_000)
    payload = b'{"redactedContent":"blob","text":"hm","signature":"sig"}'
    interpreter.feed(Frame({":event-type": "reasoningContentEvent"}, payload))
    interpreter.finish()
    taught.learn(interpreter, OPUS)
    for proof in ("blob", "sig"):
        assert taught.of(OPUS).replays(proof)
        assert not taught.of(SOL).replays(proof)


def test_unknown_thoughts_are_tried_until_they_were_refused() -> None:
    taught = Lessons()
    assert taught.of(OPUS).replays("foreign")
    taught.thoughts_refused(["foreign"])
    assert not taught.of(OPUS).replays("foreign")
    assert taught.of(OPUS).replays("another")


def test_only_so_many_thoughts_are_remembered() -> None:
    taught = Lessons()
    taught.thoughts_refused(str(number) for number in range(lessons.REMEMBERED + 1))
    assert taught.of(OPUS).replays("0")
    assert not taught.of(OPUS).replays("1")

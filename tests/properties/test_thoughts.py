"""However a reply is cut, and in whatever order its events come, thoughts and words are right."""

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ki2api.errors import GatewayError
from ki2api.events import Grammar, PartDelta, PartStarted
from ki2api.kiro.framing import Frame
from ki2api.kiro.hearing import Hearing
from ki2api.kiro.interpret import Interpreter
from ki2api.kiro.names import ToolNames
from ki2api.kiro.tags import CLOSING, OPENING, Piece, TagReader

PIECES = st.sampled_from(
    [OPENING, CLOSING, "<", "</", "\n", "\n\n", " ", "`", '"', "```", "a", "thinking>", "你"]
)
TEXTS = st.builds("".join, st.lists(PIECES, max_size=12)) | st.text(max_size=8)
REPLIES = TEXTS | TEXTS.map(lambda text: OPENING + text)


def joined(pieces: list[Piece]) -> list[Piece]:
    out: list[Piece] = []
    for kind, text in pieces:
        before = out.pop()[1] if out and out[-1][0] == kind else ""
        out.append((kind, before + text))
    return out


def read(*deltas: str) -> list[Piece]:
    reader = TagReader()
    return joined([piece for delta in deltas for piece in reader.feed(delta)] + reader.close())


@given(REPLIES, st.lists(st.integers(0, 60), max_size=8))
@settings(deadline=None)
def test_the_cut_makes_no_difference(text: str, places: list[int]) -> None:
    ends = sorted({min(place, len(text)) for place in places} | {len(text)})
    deltas = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert "".join(deltas) == text
    assert read(*deltas) == read(text) == read(*text)


@given(REPLIES)
@settings(deadline=None)
def test_nothing_is_lost_but_the_tags_and_the_blanks_around_them(text: str) -> None:
    found = dict(read(text))
    thoughts, words = found.get("thinking", ""), found.get("text", "")
    if not text.lstrip().startswith(OPENING):
        assert (thoughts, words) == ("", text)
        return
    inside = text.lstrip().removeprefix(OPENING)
    assert inside.startswith(thoughts)
    rest = inside.removeprefix(thoughts)
    assert rest.endswith(words)
    between = rest.removesuffix(words) if words else rest
    assert between.removeprefix(CLOSING).strip() == ""
    assert between.startswith(CLOSING) or not rest


def event(kind: str, **payload: Any) -> Frame:
    return Frame({":event-type": kind}, msgspec.json.encode(payload))


FRAMES = st.lists(
    st.builds(lambda text: event("assistantResponseEvent", content=text), PIECES)
    | st.sampled_from(
        [
            event("reasoningContentEvent", text="hm"),
            event("reasoningContentEvent", signature="sig"),
            event("reasoningContentEvent", text="so", signature="sig"),
            event("reasoningContentEvent", redactedContent="blob"),
            event("toolUseEvent", toolUseId="1", name="t"),
            event("toolUseEvent", toolUseId="1", name="t", stop=True),
            event("toolUseEvent", toolUseId="2", name="t", stop=True),
        ]
    ),
    max_size=12,
)
HEARINGS = st.builds(Hearing, st.sampled_from(["shown", "signed", "hidden"]), st.booleans())


@given(FRAMES, HEARINGS)
@settings(deadline=None)
def test_events_in_any_order_make_a_reply_in_order(frames: list[Frame], hearing: Hearing) -> None:
    reader, grammar = Interpreter(ToolNames(), 200_000, 0, hearing), Grammar()
    thoughts = set()
    with suppress(GatewayError):
        for frame in [*frames, None]:
            for found in reader.feed(frame) if frame else reader.finish():
                grammar.check(found)
                if isinstance(found, PartStarted) and found.kind == "thinking":
                    thoughts.add(found.index)
                if hearing.show != "shown" and isinstance(found, PartDelta):
                    assert found.index not in thoughts
    assert hearing.show != "hidden" or not thoughts

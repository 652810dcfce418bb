"""However a reply's text is cut into deltas, its tagged thoughts and its words are the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

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

"""Tools that take free text."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ki2api.protocols.openai_responses.freeform import SCHEMA, Unwrapper, describe, unwrap, wrap

PATCH = '*** Begin Patch\n+ "x" \\ \\n é😀\t\x01\n*** End Patch'


def test_a_text_is_wrapped_as_its_schema_says() -> None:
    schema = msgspec.json.decode(SCHEMA)
    assert list(msgspec.json.decode(wrap(PATCH))) == schema["required"]


@st.composite
def pieces(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Make a text, and cut the JSON of its call anywhere."""
    text = draw(st.text(max_size=20) | st.just(PATCH))
    form = draw(st.sampled_from(["plain", "spaced", "ascii"]))
    call = wrap(text)
    if form == "spaced":
        call = msgspec.json.format(call, indent=2)
    if form == "ascii":
        units = text.encode("utf-16-be").hex()
        escaped = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
        call = f' {{ "input" : "{escaped}" }} '
    cuts = draw(st.sets(st.integers(1, len(call) - 1), max_size=8))
    edges = [0, *sorted(cuts), len(call)]
    return text, [call[start:end] for start, end in pairwise(edges)]


@given(cut=pieces())
def test_the_text_comes_back_wherever_its_json_is_cut(cut: tuple[str, list[str]]) -> None:
    text, said = cut
    reader = Unwrapper()
    assert "".join(reader.feed(piece) for piece in said) + reader.end() == text


def test_the_text_comes_as_soon_as_it_can() -> None:
    reader = Unwrapper()
    said = ['{"inp', 'ut":"one \\', "ntwo \\ud83d", '\\ude00 three"', "}"]
    assert [reader.feed(piece) for piece in said] == ["", "one ", "\ntwo ", "😀 three", ""]
    assert reader.end() == ""


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"input":"a","more":1}', "a"),
        ('{"more":1,"input":"a"}', "a"),
        ('{"input":5}', '{"input":5}'),
        ('{"patch":"a"}', '{"patch":"a"}'),
        ('["a"]', '["a"]'),
        ("no JSON", "no JSON"),
        ("[" * 100_000, "[" * 100_000),
        ('{"inp', '{"inp'),
        ("{}", ""),
        ("", ""),
    ],
)
def test_arguments_of_another_form_lose_nothing(arguments: str, text: str) -> None:
    assert unwrap(arguments)[0] == text


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (r"\ud83dx", "\ufffdx"),
        (r"\ud83d", "\ufffd"),
        (r"\ud83d\n", "\ufffd\n"),
        (r"\ud83d\u0041", "\ufffdA"),
        (r"\ud83d\ud83d\ude00", "\ufffd😀"),
        (r"\ude00", "\ufffd"),
        (r"\/\b\f\r\"", '/\b\f\r"'),
    ],
)
def test_half_of_a_pair_is_replaced(inside: str, text: str) -> None:
    assert unwrap('{"input":"' + inside + '"}') == (text, True)


def test_a_call_that_was_cut_gives_what_is_whole() -> None:
    assert unwrap('{"input":"ab\\') == ("ab", False)
    assert unwrap('{"inp') == ('{"inp', False)
    assert unwrap('{"patch":"a"}') == ('{"patch":"a"}', True)


def test_a_description_tells_how_the_text_is_given() -> None:
    assert describe("Run.", "lark", "start: A") == (
        "Run.\n\nGive the tool's text in `input`, as it is: no JSON inside.\n\n"
        "The text must match this lark grammar:\nstart: A"
    )
    assert describe("", "", "").startswith("Give")

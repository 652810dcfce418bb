"""Whatever a model says, in whatever pieces, what is emulated comes out the same."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator

from ki2api.conversation import TextPart
from ki2api.emulation.calls import Calls
from ki2api.emulation.edits import Edit, Edits
from ki2api.emulation.length import Length
from ki2api.emulation.prefill import Prefill
from ki2api.emulation.schema import Schema
from ki2api.emulation.stop import StopStrings
from ki2api.estimate import text_tokens
from ki2api.events import (
    Grammar,
    PartDelta,
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    Usage,
    UsageReported,
    fold,
)

letters = st.text(alphabet="ab你", max_size=24)
stops = st.lists(st.text(alphabet="ab你", min_size=1, max_size=4), min_size=1, max_size=4)
cuts = st.lists(st.integers(0, 24), max_size=6)
kinds = st.sampled_from(["text", "thinking", "tool-call"])
parts = st.lists(st.tuples(kinds, letters, cuts), max_size=4)
edits = st.fixed_dictionaries(
    {
        "said": st.none() | st.text(alphabet="ab", min_size=1, max_size=4),
        "calls": st.none() | st.sampled_from([frozenset[str](), frozenset({"f0"})]),
        "stops": st.none() | stops,
        "single": st.booleans(),
    }
)


def pieces(text: str, places: Sequence[int]) -> list[str]:
    borders = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    return [text[a:b] for a, b in pairwise(borders) if a < b]


def replied(said: Sequence[tuple[str, str, Sequence[int]]]) -> list[ReplyEvent]:
    events: list[ReplyEvent] = [ReplyStarted(3)]
    for index, (kind, text, places) in enumerate(said):
        name = f"f{index % 2}" if kind == "tool-call" else ""
        events.append(PartStarted(index, kind, name, name))  # type: ignore[arg-type]  # one of three
        events += [PartDelta(index, piece) for piece in pieces(text, places)]
        events.append(PartEnded(index))
    reason: Any = "tool-calls" if any(kind == "tool-call" for kind, *_ in said) else "end"
    return [*events, UsageReported(Usage(3, 3, "upstream")), ReplyEnded(reason)]


def row(wanted: dict[str, Any]) -> list[Edit]:
    made: list[Edit] = [Prefill(wanted["said"])] if wanted["said"] else []
    made.append(Calls(wanted["calls"], single=wanted["single"], note=lambda _: None))
    made += [StopStrings(wanted["stops"])] if wanted["stops"] else []
    return made


def passed(
    events: Sequence[ReplyEvent], made: Sequence[Edit], size: int, limit: int | None = None
) -> Reply:
    through, grammar, out = Edits(made, Length(limit)), Grammar(), []
    for start in range(0, len(events), size):
        for event in through.feed(tuple(events[start : start + size])):
            grammar.check(event)
            out.append(event)
        if through.length.ended:
            break
    return fold(out)


@given(parts, edits, st.integers(1, 9))
def test_pieces_and_batches_make_no_difference(
    said: list[tuple[str, str, list[int]]], wanted: dict[str, Any], size: int
) -> None:
    whole = passed(replied([(kind, text, []) for kind, text, _ in said]), row(wanted), 1)
    split = passed(replied(said), row(wanted), size)
    assert split == whole


@given(letters, stops, cuts)
def test_a_stop_string_is_never_passed_on_and_nothing_else_is_lost(
    text: str, strings: list[str], places: list[int]
) -> None:
    reply = passed(replied([("text", text, places)]), [StopStrings(strings)], 1)
    assert isinstance(reply.parts[0], TextPart)
    kept = reply.parts[0].text
    assert not any(stop in kept for stop in strings)
    assert text.startswith(kept + (reply.stop_sequence or ""))
    assert (reply.stop_sequence is None) == (kept == text)


@given(letters, st.integers(1, 8), cuts)
@example("aa你", 3, [2])
def test_a_limit_is_kept_to_the_token(text: str, limit: int, places: list[int]) -> None:
    reply = passed(replied([("text", text, places)]), [], 1, limit)
    assert isinstance(reply.parts[0], TextPart)
    kept = reply.parts[0].text
    assert text.startswith(kept)
    assert text_tokens(kept) <= limit or len(kept) == 1
    assert reply.reason == "max-tokens" if kept != text else reply.reason in ("max-tokens", "end")


documents = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["integer", "string", "null", "array", "object", "boolean"]),
            "enum": st.lists(st.integers(0, 2) | st.booleans() | st.just("a"), max_size=3),
            "minimum": st.integers(0, 2),
            "maxLength": st.integers(0, 2),
            "minItems": st.integers(0, 2),
            "required": st.lists(st.sampled_from("ab"), unique=True),
            "uniqueItems": st.booleans(),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("ab"), inner),
            "additionalProperties": inner | st.booleans(),
            "items": inner | st.booleans(),
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
        },
    ),
    max_leaves=6,
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from([0.5, 1.0]) | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=6,
)


@settings(deadline=None)
@given(documents, values)
def test_a_value_fits_where_another_validator_says_so(document: Any, value: Any) -> None:
    fits = Schema(msgspec.Raw(msgspec.json.encode(document))).fault(value) is None
    assert fits == OAS31Validator(document).is_valid(value)

"""Reading a request's JSON, and telling what is wrong with it."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ki2api.errors import InvalidRequest
from ki2api.protocols import RawRequest
from ki2api.protocols.reading import UNKNOWN, Unserved, read, read_raw

Ask = Callable[..., RawRequest]


class Words(msgspec.Struct, tag="text"):
    text: str


class Nested(msgspec.Struct, tag="nested"):
    content: "list[Words | Other]"


class Other(msgspec.Struct, tag=UNKNOWN):
    pass


class Message(msgspec.Struct):
    content: str | list[Words | Nested | Other] | None = None


class Body(msgspec.Struct):
    model: str
    messages: list[Message] = []
    limit: int | None = None
    schema: msgspec.Raw = msgspec.Raw(b"{}")
    extra: Any = None


BODY = msgspec.json.Decoder(Body)
KNOWN = frozenset({"text", "nested"})

WANTED = "it must be a JSON object with the fields of the request"


def fault(request: RawRequest, known: frozenset[str] | None = None) -> str:
    with pytest.raises(InvalidRequest) as refused:
        read(BODY, request, known)
    return refused.value.message


def test_a_right_body_is_decoded_and_unknown_fields_are_passed_over(ask: Ask) -> None:
    body = read(BODY, ask({"model": "m", "novelty": {"a": [1]}}))
    assert body.model == "m"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", f"the body is empty: {WANTED}"),
        (b" \r\n", f"the body is empty: {WANTED}"),
        (b"{", "the body is not valid JSON: it ends too early"),
        (
            b"{'model': 1}",
            "the body is not valid JSON: the names of its fields must stand in double quotes",
        ),
        (b'{"model":NaN}', "the body is not valid JSON: invalid character (byte 9)"),
        (b'{"model":"\\ud800"}', "the body is not valid JSON: it ends too early"),
        (b'{"new":"\xff","model":"m"}', "the body is not valid UTF-8"),
        (b'{"schema":"\xff","model":"m"}', "the body is not valid UTF-8"),
        (b'{"new":' + b"[" * 100_000, "the body is nested more than 64 deep"),
        (b'{"extra":' + b"[" * 100_000, "the body is nested more than 64 deep"),
        (b'{"schema":' + b"[" * 100_000, "the body is nested more than 64 deep"),
        (b"[]", f"the body is of type array: {WANTED}"),
        (b"null", f"the body is of type null: {WANTED}"),
        (b"3", f"the body is of type integer: {WANTED}"),
        (b'"{}"', f"the body is of type string (was it made into JSON twice?): {WANTED}"),
        (b"{}", "model: Field required"),
        (b'{"model":1}', "model: Expected string, got integer"),
        (b'{"model":"m","limit":"7"}', "limit: Expected integer or null, got string"),
        (b'{"model":"m","limit":1e999}', "limit: Number out of range"),
        (b'{"model":"m","limit":' + b"9" * 5000 + b"}", "limit: Integer value out of range"),
        (b'{"model":"m","extra":1e999}', "extra: Number out of range"),
        (
            b'{"model":"m","messages":[{},{"content":3}]}',
            "messages[1].content: Expected string or array or null, got integer",
        ),
        (
            b'{"model":"m","messages":[{"content":[{"type":"text"}]}]}',
            "messages[0].content[0].text: Field required",
        ),
        (
            b'{"model":"m","messages":[{"content":[{"text":"?"}]}]}',
            "messages[0].content[0].type: Field required",
        ),
        (
            b'{"model":"m","messages":[{"content":[{"type":"tex"}]}]}',
            "messages[0].content[0]: content of type 'tex' is not supported",
        ),
    ],
)
def test_each_fault_is_told_with_its_place(ask: Ask, body: bytes, message: str) -> None:
    assert fault(ask(body)) == message


def test_a_callers_words_never_pass_for_the_place(ask: Ask) -> None:
    body = {"model": "m", "messages": [{"content": [{"type": "x - at `$.model`"}]}]}
    assert fault(ask(body)) == (
        "messages[0].content[0]: content of type 'x - at `$.model`' is not supported"
    )


def test_a_caller_is_not_quoted_at_length(ask: Ask) -> None:
    body = {"model": "m", "messages": [{"content": [{"type": "x" * 10_000}]}]}
    assert len(fault(ask(body))) < 300


def test_unknown_content_is_read_as_unknown_where_asked(ask: Ask) -> None:
    content = [
        {"type": "text", "text": "a"},
        {"type": "tex", "text": 4},
        {"type": "nested", "content": [{"type": "video"}, {"type": "text", "text": "b"}]},
    ]
    body = read(BODY, ask({"model": "m", "messages": [{"content": content}, {}]}), KNOWN)
    assert body.messages[0].content == [
        Words("a"),
        Other(),
        Nested([Other(), Words("b")]),
    ]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": [{"type": "tex"}, {"type": 4}]}, "content[1].type: Expected string"),
        ({"content": [{"type": "tex"}, 4]}, "content[1]: Expected object, got integer"),
        ({"content": [{"type": "tex"}, {"type": "text"}]}, "content[1].text: Field required"),
    ],
)
def test_reading_unknown_content_hides_no_other_fault(
    ask: Ask, message: dict[str, Any], expected: str
) -> None:
    found = fault(ask({"model": "m", "messages": [message]}), KNOWN)
    assert found == f"messages[0].{expected}"


def test_other_faults_are_told_even_where_unknown_content_is_read(ask: Ask) -> None:
    assert fault(ask({"model": 1}), KNOWN) == "model: Expected string, got integer"


def test_unserved_content_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidRequest, match="no pictures") as refused:
        Unserved(drop=False).found("messages[0].content", "no pictures")
    assert refused.value.path == "messages[0].content"


def test_unserved_content_is_left_out_and_remembered_where_asked() -> None:
    unserved = Unserved(drop=True)
    unserved.found("messages[0].content", "no pictures")
    assert unserved.dropped == ["messages[0].content"]


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"{}", "here[0].content: Field required"),
        (b"5", "here[0]: Expected object, got integer"),
        (
            b'{"content":[{"type":"text"}]}',
            "here[0].content[0].text: Field required",
        ),
        (b"[5]", "here[0]: Expected object, got array"),
        (b'{"content":[\xff]}', "the body is not valid JSON"),
    ],
)
def test_a_fault_of_a_raw_part_is_told_with_its_place_in_the_body(raw: bytes, place: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_raw(msgspec.json.Decoder(Nested), raw, "here[0]")
    assert refused.value.message.startswith(place)


def test_a_raw_part_that_is_a_list_has_its_places_too() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_raw(msgspec.json.Decoder(list[int]), b'[1,"a"]', "here")
    assert refused.value.path == "here[1]"

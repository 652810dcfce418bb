from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from ki2api.conversation import DocumentPart, TextPart, Turn
from ki2api.errors import InvalidRequest
from ki2api.kiro.compose import Limits
from ki2api.kiro.rules.turns import ONLY_DOCUMENTS

Hear = Callable[..., Any]
WORD = Turn("assistant", (TextPart("read"),))
PATH = "messages[0].content[0].source"
PDF = b"%PDF-1.7\n"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def document(content: bytes = PDF, declared: str = "pdf", name: str = "a.pdf") -> DocumentPart:
    return DocumentPart(name, declared, b64encode(content).decode(), PATH)


def show(*documents: DocumentPart) -> Turn:
    return Turn("user", documents)


def names(heard: Any) -> list[list[str]]:
    return [[each["name"] for each in turn.get("documents", [])] for turn in heard.turns]


def test_a_document_goes_along(hear: Hear) -> None:
    heard = hear(Turn("user", (document(), TextPart("what is it?"))))
    assert heard.turns[0]["documents"] == [
        {"name": "a", "format": "pdf", "source": {"bytes": b64encode(PDF).decode()}}
    ]
    assert heard.turns[0]["content"] == "what is it?"
    assert heard.rules == []


def test_a_document_alone_gets_words_beside_it(hear: Hear) -> None:
    heard = hear(show(document()))
    assert heard.turns[0]["content"] == ONLY_DOCUMENTS
    assert heard.rules == ["H5"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\n\n%PDF-1.4", "pdf"),
        (b"PK\x03\x04.....word/document.xml", "docx"),
        (b"PK\x03\x04.....xl/workbook.xml", "xlsx"),
        (OLE + "WordDocument".encode("utf-16-le"), "doc"),
        (OLE + "Workbook".encode("utf-16-le"), "xls"),
    ],
)
def test_the_format_is_what_the_bytes_show(hear: Hear, content: bytes, found: str) -> None:
    heard = hear(show(document(content, found)))
    assert heard.turns[0]["documents"][0]["format"] == found
    assert "§3.7" not in heard.rules
    heard = hear(show(document(content, "txt")))
    assert heard.turns[0]["documents"][0]["format"] == found
    assert "§3.7" in heard.rules


@pytest.mark.parametrize("declared", ["txt", "csv", "md", "html"])
def test_text_is_what_it_is_declared_as(hear: Hear, declared: str) -> None:
    heard = hear(show(document(b"\xe9t\xe9", declared)))
    assert heard.turns[0]["documents"][0]["format"] == declared


@pytest.mark.parametrize(
    ("content", "declared"),
    [(b"words", "pdf"), (b"PK\x03\x04ppt/", "docx"), (OLE, "xls"), (b"", "txt"), (b"x", "exe")],
)
def test_bytes_of_another_kind_are_refused_with_their_place(
    hear: Hear, content: bytes, declared: str
) -> None:
    with pytest.raises(InvalidRequest, match="none of csv") as caught:
        hear(show(document(content, declared)))
    assert caught.value.path == PATH


def test_what_is_no_base64_is_refused_with_its_place(hear: Hear) -> None:
    with pytest.raises(InvalidRequest, match="base64") as caught:
        hear(show(DocumentPart("a", "pdf", "no base64!", PATH)))
    assert caught.value.path == PATH


def test_line_breaks_in_base64_are_dropped(hear: Hear) -> None:
    data = b64encode(PDF).decode()
    heard = hear(show(DocumentPart("a", "pdf", f"{data[:5]}\r\n{data[5:]}\n", PATH)))
    assert heard.turns[0]["documents"][0]["source"]["bytes"] == data


def test_a_document_over_the_limit_is_refused(hear: Hear) -> None:
    limits = Limits(max_document_bytes=len(PDF))
    assert hear(show(document()), limits=limits)
    with pytest.raises(InvalidRequest, match="the limit is 9e-06 MB"):
        hear(show(document(PDF + b"x")), limits=limits)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("", "document"),
        ("report.pdf", "report"),
        ("Q3 (final) [new].PDF", "Q3 (final) [new]"),
        (" notes ", "notes"),
    ],
)
def test_a_name_that_kiro_takes_is_kept(hear: Hear, given: str, name: str) -> None:
    heard = hear(Turn("user", (document(name=given), TextPart("?"))))
    assert names(heard) == [[name]]
    assert heard.turns[0]["content"] == "?"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("v1.2/report.pdf", "v1 2 report"),
        ("报告.pdf", "document"),
        ("a  b", "a b"),
        ("...", "document"),
        ("n" * 300, "n" * 180),
    ],
)
def test_another_name_is_replaced_and_told_to_the_model(hear: Hear, given: str, name: str) -> None:
    heard = hear(Turn("user", (document(name=given), TextPart("?"))))
    assert names(heard) == [[name]]
    assert heard.turns[0]["content"].startswith(f"(The attached document {name} is called {given}")
    assert "§3.7" in heard.rules


def test_no_two_documents_of_a_request_have_one_name(hear: Hear) -> None:
    one, two = document(name="a.pdf"), document(name="A.pdf")
    assert names(hear(show(one, one, two), WORD, show(one))) == [
        ["a", "a (2)", "A (3)"],
        [],
        ["a (4)"],
    ]


def test_the_oldest_documents_over_the_limit_are_left_out(hear: Hear) -> None:
    one, two, three, four = (document(name=name) for name in "abcd")
    heard = hear(
        show(one), WORD, show(two, three), WORD, show(four), limits=Limits(max_documents=2)
    )
    assert names(heard) == [[], [], ["c"], [], ["d"]]
    assert heard.turns[0]["content"] == "[document: a]"
    assert heard.turns[2]["content"] == "[document: b]"
    assert heard.rules.count("§3.7") == 2


def test_past_documents_are_left_out_where_they_weigh_too_much(hear: Hear) -> None:
    big = document(PDF + bytes(900))
    limits = Limits(max_weight=2_500)
    assert names(hear(show(big), WORD, show(big), WORD, show(big, big), limits=limits)) == [
        [],
        [],
        [],
        [],
        ["a (3)", "a (4)"],
    ]


def test_too_many_documents_of_the_current_turn_are_refused(hear: Hear) -> None:
    with pytest.raises(InvalidRequest, match="6 documents, the limit is 5") as caught:
        hear(show(*[document()] * 6))
    assert caught.value.path == PATH


def test_documents_have_no_weight(hear: Hear) -> None:
    assert hear(show(document(PDF + bytes(5_000))), limits=Limits(max_weight=900))


def test_a_model_without_eyes_gets_no_document_of_the_past(hear: Hear) -> None:
    heard = hear(show(document()), WORD, Turn("user", (TextPart("?"),)), model="glm-5")
    assert heard.turns[0]["content"] == "[document: a]"
    assert "documents" not in heard.turns[0]


def test_a_model_without_eyes_cannot_be_given_a_document(hear: Hear) -> None:
    with pytest.raises(InvalidRequest, match="glm-5 reads no documents but text") as caught:
        hear(show(document()), model="glm-5")
    assert caught.value.path == PATH

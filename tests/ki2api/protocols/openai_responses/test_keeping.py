"""What is kept of a reply, and what is told of it."""

from typing import Any

import msgspec
import pytest

from ki2api.errors import InvalidRequest, UnknownResponse
from ki2api.protocols.openai_responses.asked import NOTHING
from ki2api.protocols.openai_responses.keeping import (
    Order,
    cancel_refused,
    deleted_body,
    items_body,
    keep,
    response_body,
)
from ki2api.shelf import Drawer, Gone, Kept, Shelf


def drawer() -> Drawer:
    mine = Shelf().of("me")
    mine.keep(Kept("resp_1", b'{"id":"resp_1"}', {"q1": b'"q1"'}, {"a1": b'"a1"'}))
    mine.keep(Kept("resp_2", b'{"id":"resp_2"}', {"q2": b'"q2"'}, {"a2": b'"a2"'}, "resp_1"))
    return mine


def page(
    name: str, *, limit: int = 20, order: Order = "asc", after: str | None = None
) -> dict[str, Any]:
    body = items_body(drawer(), name, limit=limit, order=order, after=after)
    told: dict[str, Any] = msgspec.json.decode(body)
    return told


def test_a_reply_is_kept_as_it_was_told_with_its_items_in_full() -> None:
    mine = Shelf().of("me")
    asked = msgspec.structs.replace(NOTHING, keep=True, items={"q": b"1"}, previous="resp_0")
    item = {"id": "rs_1", "encrypted_content": "sealed"}
    keep(mine, asked, {"id": "resp_1", "output": [{"id": "rs_1"}]}, [item])
    assert mine.find("resp_1") == Kept(
        "resp_1",
        b'{"id":"resp_1","output":[{"id":"rs_1"}]}',
        {"q": b"1"},
        {"rs_1": b'{"id":"rs_1","encrypted_content":"sealed"}'},
        "resp_0",
    )


def test_a_reply_is_not_kept_where_that_was_not_wanted() -> None:
    mine = Shelf().of("me")
    keep(mine, NOTHING, {"id": "resp_1"}, [])
    with pytest.raises(Gone):
        mine.find("resp_1")


def test_a_reply_is_told_again_and_forgotten() -> None:
    mine = drawer()
    assert response_body(mine, "resp_1") == b'{"id":"resp_1"}'
    assert msgspec.json.decode(deleted_body(mine, "resp_1")) == {
        "id": "resp_1",
        "object": "response",
        "deleted": True,
    }
    for forgotten in (response_body, deleted_body, cancel_refused):
        with pytest.raises(UnknownResponse, match="'resp_1' not found"):
            forgotten(mine, "resp_1")


def test_what_is_complete_cannot_be_cancelled() -> None:
    assert "background" in cancel_refused(drawer(), "resp_1").message


def test_the_items_of_earlier_replies_come_first() -> None:
    assert page("resp_1") == {
        "object": "list",
        "data": ["q1"],
        "first_id": "q1",
        "last_id": "q1",
        "has_more": False,
    }
    assert page("resp_2")["data"] == ["q1", "a1", "q2"]
    assert page("resp_2", order="desc")["data"] == ["q2", "a1", "q1"]


def test_a_page_holds_so_many_items_and_says_whether_there_are_more() -> None:
    first = page("resp_2", limit=2)
    assert (first["data"], first["last_id"], first["has_more"]) == (["q1", "a1"], "a1", True)
    rest = page("resp_2", limit=2, after="a1")
    assert (rest["data"], rest["has_more"]) == (["q2"], False)
    end = page("resp_2", after="q2")
    assert (end["data"], end["first_id"], end["last_id"]) == ([], None, None)


def test_a_page_after_no_item_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        page("resp_2", after="a2")
    assert refused.value.path == "after"


def test_what_is_left_of_a_line_is_listed() -> None:
    mine = drawer()
    mine.drop("resp_1")
    told = msgspec.json.decode(items_body(mine, "resp_2", limit=9, order="asc", after=None))
    assert told["data"] == ["q2"]

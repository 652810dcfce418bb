"""What is kept of a reply, and how the routes below /v1/responses tell of it."""

from collections.abc import Sequence
from itertools import chain
from typing import Literal, TypeAlias

import msgspec

from ki2api.errors import InvalidRequest, UnknownResponse
from ki2api.protocols.openai_responses.asked import Asked
from ki2api.protocols.openai_responses.output import JSONObject
from ki2api.shelf import Drawer, Gone, Kept

Order: TypeAlias = Literal["asc", "desc"]


def keep(drawer: Drawer, asked: Asked, response: JSONObject, items: Sequence[JSONObject]) -> None:
    """Keep a reply that came to its end, if it was asked to be kept, with its items in full."""
    if not asked.keep:
        return
    reply_id = response["id"]
    answered = {item["id"]: msgspec.json.encode(item) for item in items}
    body = msgspec.json.encode(response)
    drawer.keep(Kept(reply_id, body, asked.items, answered, asked.previous))


def response_body(drawer: Drawer, reply_id: str) -> bytes:
    """Write the answer to GET /v1/responses/{id}; raises UnknownResponse."""
    return _found(drawer, reply_id).body


def deleted_body(drawer: Drawer, reply_id: str) -> bytes:
    """Forget a reply, and write the answer to DELETE /v1/responses/{id}."""
    _found(drawer, reply_id)
    drawer.drop(reply_id)
    return msgspec.json.encode({"id": reply_id, "object": "response", "deleted": True})


def cancel_refused(drawer: Drawer, reply_id: str) -> InvalidRequest:
    """Say why POST /v1/responses/{id}/cancel is refused: what is kept is complete."""
    _found(drawer, reply_id)
    return InvalidRequest("Only a response in the background can be cancelled, and none is.")


def items_body(
    drawer: Drawer, reply_id: str, *, limit: int, order: Order, after: str | None
) -> bytes:
    """Write one page of what the model was given: GET /v1/responses/{id}/input_items."""
    _found(drawer, reply_id)
    *earlier, last = _line(drawer, reply_id)
    before = chain.from_iterable((*kept.asked.items(), *kept.answered.items()) for kept in earlier)
    items = [*before, *last.asked.items()]
    if order == "desc":
        items.reverse()
    if after is not None:
        items = items[_index(items, after) + 1 :]
    page = items[:limit]
    return msgspec.json.encode(
        {
            "object": "list",
            "data": [msgspec.Raw(item) for _, item in page],
            "first_id": page[0][0] if page else None,
            "last_id": page[-1][0] if page else None,
            "has_more": len(items) > limit,
        }
    )


def _index(items: Sequence[tuple[str, bytes]], after: str) -> int:
    for index, (item_id, _) in enumerate(items):
        if item_id == after:
            return index
    raise InvalidRequest("no item of this response has this id", path="after")


def _found(drawer: Drawer, reply_id: str) -> Kept:
    try:
        return drawer.find(reply_id)
    except Gone:
        raise UnknownResponse(f"Response with id {reply_id[:80]!r} not found.") from None


def _line(drawer: Drawer, reply_id: str) -> list[Kept]:
    """Return the replies that led up to one; those that are not kept any more are missing."""
    try:
        return drawer.before(reply_id)
    except Gone:
        return [drawer.find(reply_id)]

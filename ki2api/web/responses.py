"""The routes below /v1/responses, for replies that are kept."""

from typing import Annotated

from litestar import delete, get, post
from litestar.params import Parameter

from ki2api.errors import InvalidRequest
from ki2api.protocols import Body
from ki2api.protocols.openai_responses.keeping import (
    Order,
    cancel_refused,
    deleted_body,
    items_body,
    response_body,
)
from ki2api.shelf import Drawer
from ki2api.web.answers import Answer, complete
from ki2api.web.openapi.openai_responses import CANCEL, DELETE, INPUT_ITEMS, RESPONSE
from ki2api.web.openapi.operation import OPERATION
from ki2api.web.reading import AnyRequest, caller, gateway_of

MOST_ITEMS = 100
"""On one page."""

ReplyId = Annotated[str, Parameter(max_length=200)]


@get("/v1/responses/{response_id:str}", opt={OPERATION: RESPONSE})
async def response(request: AnyRequest, response_id: ReplyId) -> Answer:
    """Return a reply that was kept."""
    if request.query_params.get("stream", "false").lower() == "true":
        raise InvalidRequest("a reply that is kept is not streamed again", path="stream")
    return complete(request, Body(response_body(_drawer(request), response_id)))


@delete("/v1/responses/{response_id:str}", status_code=200, opt={OPERATION: DELETE})
async def delete_response(request: AnyRequest, response_id: ReplyId) -> Answer:
    """Forget a reply."""
    return complete(request, Body(deleted_body(_drawer(request), response_id)))


@get("/v1/responses/{response_id:str}/input_items", opt={OPERATION: INPUT_ITEMS})
async def input_items(request: AnyRequest, response_id: ReplyId) -> Answer:
    """List what the model was given for a reply, the replies before it included."""
    body = items_body(
        _drawer(request),
        response_id,
        limit=_limit(request.query_params.get("limit", "20")),
        order=_order(request.query_params.get("order", "desc")),
        after=request.query_params.get("after"),
    )
    return complete(request, Body(body))


@post("/v1/responses/{response_id:str}/cancel", status_code=200, opt={OPERATION: CANCEL})
async def cancel_response(request: AnyRequest, response_id: ReplyId) -> Answer:
    """Refuse to cancel: nothing is answered in the background."""
    raise cancel_refused(_drawer(request), response_id)


def _drawer(request: AnyRequest) -> Drawer:
    return gateway_of(request).shelf.of(caller(request))


def _limit(said: str) -> int:
    if not said.isdecimal() or not 1 <= int(said) <= MOST_ITEMS:
        raise InvalidRequest(f"a number from 1 to {MOST_ITEMS} is expected", path="limit")
    return int(said)


def _order(said: str) -> Order:
    match said:
        case "asc" | "desc":
            return said
        case _:
            raise InvalidRequest("'asc' or 'desc' is expected", path="order")

"""The route that describes every route, itself included."""

from functools import lru_cache
from typing import Any

import msgspec
from litestar import Litestar, get

from ki2api.protocols import Body
from ki2api.web.answers import Answer, complete
from ki2api.web.openapi.dialects import EITHER
from ki2api.web.openapi.document import document
from ki2api.web.openapi.errors import GUARDED
from ki2api.web.openapi.operation import OPERATION, Operation, Result, Shape
from ki2api.web.reading import AnyRequest

SCHEMA = Operation(
    tag="Gateway",
    dialects=EITHER,
    errors=GUARDED,
    results=(Result(Shape(dict[str, Any])),),
)


@get("/schema", opt={OPERATION: SCHEMA})
async def schema(request: AnyRequest) -> Answer:
    """Describe this API as an OpenAPI 3.1 document."""
    return complete(request, Body(_written(request.app)))


@lru_cache(maxsize=1)
def _written(app: Litestar) -> bytes:
    return msgspec.json.encode(document(app.routes))

"""The kind of route that requests take all the time."""

from typing import Any

import litestar
from litestar.connection import ASGIConnection


class post(litestar.post):  # noqa: N801 - as in Litestar
    """A route whose guards get it itself: Litestar copies a route for every guard each time."""

    async def authorize_connection(self, connection: "ASGIConnection[Any, Any, Any, Any]") -> None:
        """Let every guard look at a request; raises what they raise."""
        for guard in self.resolve_guards():
            await guard(connection, self)  # type: ignore[misc] # as in Litestar

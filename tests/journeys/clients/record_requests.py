"""Writes every request into a folder as it came in; a stage that only these journeys use."""

from itertools import count
from pathlib import Path
from typing import ClassVar

import msgspec

from ki2api.flow import GatewayFlow
from pipeline import Next, Stage, StageConfig


class RecordRequestsConfig(StageConfig, frozen=True):
    """Where to."""

    folder: str


class RecordRequests(Stage[GatewayFlow, RecordRequestsConfig]):
    """Keeps path, headers and body of each request."""

    name = "record-requests"
    requires: ClassVar[frozenset[str]] = frozenset({"request"})

    def __init__(self, config: RecordRequestsConfig) -> None:
        super().__init__(config)
        self._numbers = count()

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Write the request, and leave the rest alone."""
        request = flow.request
        kept = {
            "path": request.path,
            "headers": request.headers,
            "body": msgspec.Raw(request.body),
        }
        path = Path(self.config.folder) / f"{next(self._numbers):03}.json"
        path.write_bytes(msgspec.json.encode(kept))
        await call_next(flow)

"""Writes one line of JSON a flow to a file: who asked which model, and what came of it.

In config.toml:

    [[pipeline]]
    stage = "./log_to_file.py"
    before = "auth"              # outermost, so that what a stage refuses is written too
    path = "flows.jsonl"         # in the folder that ki2api was started in
    notes = ["count-words"]      # stages whose notes are written too; without it, none

Nothing that was asked or answered is written.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import msgspec

from ki2api.flow import EventStream, GatewayFlow
from pipeline import Next, Stage, StageConfig


class LogToFileConfig(StageConfig, frozen=True):
    """Where to, and what beside the facts."""

    path: str
    notes: frozenset[str] = frozenset()


class LogToFile(Stage[GatewayFlow, LogToFileConfig]):
    """Writes when the flow is closed, after the last byte or when the client has left."""

    name = "log-to-file"
    requires: ClassVar[frozenset[str]] = frozenset({"request", "protocol"})

    async def start(self) -> None:
        """Fail now, and not at the first request, if the file cannot be written."""
        self._append(b"")

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Leave the line to the flow, which lets go of what it holds whatever happens."""
        if not flow.dry:  # `ki2api explain` only shows what would be done
            await flow.hold(self._written(flow))
        await call_next(flow)

    @asynccontextmanager
    async def _written(self, flow: GatewayFlow) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self._write(flow)

    def _write(self, flow: GatewayFlow) -> None:
        line = {
            "time": datetime.fromtimestamp(flow.request.received, UTC),
            "flow": flow.id,
            "dialect": flow.protocol.name,
            "caller": flow.caller.key if flow.has("caller") else None,
            "model": flow.target.model.id if flow.has("target") else None,
            "account": flow.account.name if flow.has("account") else None,
            "outcome": _outcome(flow),
            "usage": flow.usage,
            "seconds": round(flow.clock() - flow.began, 3),
            "notes": [note.text for note in flow.notes if note.stage in self.config.notes],
        }
        try:
            self._append(msgspec.json.encode(line) + b"\n")
        except OSError:  # a full disk must not take the answer with it
            flow.log.exception("the line of this flow could not be written")

    def _append(self, data: bytes) -> None:
        with Path(self.config.path).expanduser().open("ab") as file:
            file.write(data)


def _outcome(flow: GatewayFlow) -> str:
    if flow.failure is not None:
        return flow.failure.code
    begun = flow.has("response")
    ended = begun and (flow.response.ended if isinstance(flow.response, EventStream) else True)
    return "answered" if ended else "client left"

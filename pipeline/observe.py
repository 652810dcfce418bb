"""What happened to a flow: one span for each run of a stage, told to observers."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import msgspec

from pipeline.flow import Flow, Note


class Span(msgspec.Struct, frozen=True, gc=False):
    """One run of one stage: when it began and ended on the flow's clock, and how."""

    flow_id: str
    stage: str
    depth: int
    """How many stages stand outside it."""
    attempt: int
    """1 for the first time that the stage around it called on, 2 for the second."""
    began: float
    ended: float
    error: str | None = None
    """The class name of what it raised; the text is left out, since it may hold a secret."""


class Observer(Protocol):
    """Is told every span when it ends, inner ones first. It must be quick and must not raise."""

    def span(self, flow: Flow, span: Span) -> None:
        """Take note of a span."""


class Recording(msgspec.Struct, frozen=True):
    """What a recorder knows of one flow. It does not hold the flow, which may be large."""

    flow_id: str
    began: float
    notes: Sequence[Note]
    """The flow's own list: notes that are added later show here too."""
    spans: list[Span]


class Recorder:
    """An observer that holds the spans of the last `limit` flows, for inspection."""

    def __init__(self, limit: int = 100) -> None:
        self._limit = limit
        self._recordings: OrderedDict[str, Recording] = OrderedDict()

    @property
    def recordings(self) -> list[Recording]:
        """The flows that are still held, the oldest first."""
        return list(self._recordings.values())

    def find(self, flow_id: str) -> Recording | None:
        """Return what is held of a flow."""
        return self._recordings.get(flow_id)

    def span(self, flow: Flow, span: Span) -> None:
        recording = self._recordings.get(flow.id) or self._record(flow)
        recording.spans.append(span)

    def _record(self, flow: Flow) -> Recording:
        recording = Recording(flow.id, flow.began, flow.notes, [])
        self._recordings[flow.id] = recording
        if len(self._recordings) > self._limit:
            self._recordings.popitem(last=False)
        return recording

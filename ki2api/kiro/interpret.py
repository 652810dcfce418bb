"""Reads Kiro's answer: frames in, reply events out (docs/kiro.md §4.2 to §4.7)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from ki2api.errors import (
    ContextTooLong,
    EmptyReply,
    ModelOverloaded,
    UpstreamError,
    UpstreamGarbled,
)
from ki2api.events import PartDelta, ReplyEnded, ReplyEvent, ReplyStarted, Usage, UsageReported
from ki2api.kiro import wire
from ki2api.kiro.framing import Frame
from ki2api.kiro.hearing import Hearing, Thoughts
from ki2api.kiro.names import ToolNames
from ki2api.kiro.parts import Parts
from ki2api.kiro.refusals import document_refusal, frame_refusal
from ki2api.kiro.usage import Meter, Scale

EventT = TypeVar("EventT")

_TEXT = "assistantResponseEvent"
_CALL = "toolUseEvent"
_FAULTS = frozenset({"exception", "error"})
_FAULT_FIELDS = ("__type", "_type", "error")
_GARBLED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# Known events that say nothing a reply could show (§4.4).
_SILENT = frozenset(
    {
        "initial-response",
        "messageMetadataEvent",
        "toolResultEvent",
        "codeReferenceEvent",
        "supplementaryWebLinksEvent",
        "citationEvent",
        "documentCitationEvent",
        "followupPromptEvent",
        "codeEvent",
        "intentsEvent",
        "interactionComponentsEvent",
        "dryRunSucceedEvent",
        "messageStopEvent",
        "metricsEvent",
        "usageEvent",
    }
)
_BUSY = "The model is not available at Kiro just now."
# Events in place of a reply.
_UNABLE: Mapping[str, tuple[type[UpstreamError], str]] = {
    "modelTemporarilyUnavailableEvent": (ModelOverloaded, _BUSY),
    "modelUnavailableEvent": (ModelOverloaded, _BUSY),
    "invalidStateEvent": (
        UpstreamGarbled,
        "Kiro says that the state of the conversation is invalid.",
    ),
}
_FEW = 3
"""Events of one read among which hardly two belong together."""
_EVERYTHING = Hearing()
_AS_ESTIMATED = Scale()
_NOTHING = wire.ToolUseEvent()
_decode_text = msgspec.json.Decoder(wire.TextEvent).decode
_decode_call = msgspec.json.Decoder(wire.ToolUseEvent).decode


class Interpreter:
    """Reads one reply. `skipped` counts the events that were of no use."""

    def __init__(
        self,
        names: ToolNames,
        window: int,
        estimated_input: int = 0,
        hearing: Hearing = _EVERYTHING,
        scale: Scale = _AS_ESTIMATED,
    ) -> None:
        self._estimated_input = estimated_input
        self.skipped: defaultdict[str, int] = defaultdict(int)
        self._parts = Parts(names, estimated_input, self.skipped)
        self._meter = Meter(window, estimated_input, scale)
        self.heard = Thoughts(self._parts, hearing, self.skipped, self._meter.think)
        """Knows how often thoughts came that are not passed on."""
        self.usage: Usage | None = None
        """What the reply cost, once it has ended."""

    @property
    def proofs(self) -> list[str]:
        """The signatures and opaque blobs that the model gave its thoughts so far."""
        return self._parts.proofs

    def read(self, frames: Iterable[Frame], out: list[ReplyEvent]) -> None:
        """Take the frames of one read; raises what Kiro reports in place of an answer.

        What came before that stands in `out`. Words, or pieces of a call, that came in a row become
        one delta.
        """
        words: list[str] = []
        call: list[wire.ToolUseEvent] = []
        kind = ""
        try:
            for frame in frames:
                kind = frame.headers.get(":event-type", "")
                if kind == _TEXT:
                    if call:
                        self._call(call, out)
                    words.append(_decode_text(frame.payload).content or _words(frame.payload))
                    continue
                if words:
                    self._say(words, out)
                if kind == _CALL:
                    self._piece(frame.payload, call, out)
                else:
                    self._other(kind, frame, call, out)
        except _GARBLED as error:
            raise UpstreamGarbled(f"Kiro's stream has a broken {kind}.") from error
        finally:
            if words:
                self._say(words, out)
            if call:
                self._call(call, out)

    def feed(self, frame: Frame) -> list[ReplyEvent]:
        """Take one frame."""
        out: list[ReplyEvent] = []
        self.read((frame,), out)
        return out

    def finish(self) -> list[ReplyEvent]:
        """Take the end of the stream, which at a frame's border is the end of the reply (U12)."""
        out = self.heard.close_text() + self._parts.finish()
        reason = self._meter.reason(called=self._parts.called)
        if not self._parts.count:
            if reason == "context-full":
                raise ContextTooLong("The conversation fills the model's context.")
            if reason != "refusal":
                raise EmptyReply("Kiro answered without any content.")
            out = [ReplyStarted(self._estimated_input)]
        self.usage = self._meter.usage()
        return [*out, UsageReported(self.usage), ReplyEnded(reason)]

    def _say(self, words: list[str], out: list[ReplyEvent]) -> None:
        if text := "".join(words):
            words.clear()
            self._meter.write(text)
            out += self.heard.text(text)

    def _piece(self, payload: bytes, call: list[wire.ToolUseEvent], out: list[ReplyEvent]) -> None:
        """Take a piece of a call, after what came before it if that is another one, or ended."""
        piece = _decode_call(payload)
        if not isinstance(piece.input, str):
            piece = _spelt_out(payload, piece)
        if call and (piece.stop or call[0].stop or piece.tool_use_id != call[0].tool_use_id):
            self._call(call, out)
        call.append(piece)

    def _call(self, pieces: list[wire.ToolUseEvent], out: list[ReplyEvent]) -> None:
        """Take pieces of one call that came in a row."""
        first, texts = pieces[0], [piece.input for piece in pieces]
        pieces.clear()
        self._meter.write_all(texts)
        before = self.heard.close_text()
        out += before + self._parts.call(
            first.tool_use_id or "", first.name or "", "".join(texts), stop=bool(first.stop)
        )

    def _other(
        self, kind: str, frame: Frame, call: list[wire.ToolUseEvent], out: list[ReplyEvent]
    ) -> None:
        if call:
            self._call(call, out)
        take = self._takers.get(kind)
        if take is None:
            self._fault_or_skip(kind, frame)
        else:
            out += take(self, _FORMS[kind].read(kind, frame.payload))

    def _thoughts(self, event: wire.ReasoningEvent) -> list[ReplyEvent]:
        words = event.text or ""
        self._meter.write(words)
        return self.heard.native(words, event.signature or "", event.redacted_content or "")

    def _context(self, event: wire.ContextUsageEvent) -> list[ReplyEvent]:
        self._meter.context(event)
        return []

    def _metering(self, event: wire.MeteringEvent) -> list[ReplyEvent]:
        self._meter.metering(event)
        return []

    def _metadata(self, event: wire.MetadataEvent) -> list[ReplyEvent]:
        self._meter.metadata(event)
        return []

    _takers: ClassVar[Mapping[str, Callable[["Interpreter", Any], list[ReplyEvent]]]] = {
        "reasoningContentEvent": _thoughts,
        "contextUsageEvent": _context,
        "meteringEvent": _metering,
        "metadataEvent": _metadata,
    }

    def _fault_or_skip(self, kind: str, frame: Frame) -> None:
        if refusal := _UNABLE.get(kind):
            raise refusal[0](refusal[1])
        if frame.headers.get(":message-type") not in _FAULTS:
            if kind not in _SILENT:
                self.skipped[kind] += 1
            return
        fault = frame_refusal(frame)
        if not (isinstance(fault, ContextTooLong) and self._parts.count):
            raise fault
        self._meter.overrun = True


def joined(events: list[ReplyEvent]) -> list[ReplyEvent]:
    """Make one delta of those that follow each other for the same part, where there are many.

    On its way to the client each event costs more than the frame it came in.
    """
    return events if len(events) <= _FEW else [*_joined(events)]


def _joined(events: list[ReplyEvent]) -> Iterator[ReplyEvent]:
    for part, row in groupby(events, _part_of):
        if part is None:
            yield from row
        else:
            yield PartDelta(
                part, "".join([delta.text for delta in row if type(delta) is PartDelta])
            )


def _part_of(event: ReplyEvent) -> int | None:
    return event.index if type(event) is PartDelta else None


class _Form(Generic[EventT]):
    """How the events of one kind are read."""

    def __init__(self, form: type[EventT]) -> None:
        self._decode = msgspec.json.Decoder(form).decode
        self._empty = form()

    def read(self, kind: str, payload: bytes) -> EventT:
        """Read an event, which may say nothing at first sight."""
        event = self._decode(payload)
        return _look_closer(kind, payload, event) if event == self._empty else event


_FORMS: Mapping[str, _Form[Any]] = {
    "reasoningContentEvent": _Form(wire.ReasoningEvent),
    "contextUsageEvent": _Form(wire.ContextUsageEvent),
    "meteringEvent": _Form(wire.MeteringEvent),
    "metadataEvent": _Form(wire.MetadataEvent),
}


def _words(payload: bytes) -> str:
    """Look into a text event that says nothing at first sight."""
    return _look_closer(_TEXT, payload, wire.TextEvent()).content or ""


def _spelt_out(payload: bytes, event: wire.ToolUseEvent) -> wire.ToolUseEvent:
    """Make text of a call's `input`, whatever it came as, if it came."""
    if event == _NOTHING:
        event = _look_closer(_CALL, payload, event)
    text = event.input or ""
    if not isinstance(text, str):
        text = msgspec.json.encode(text).decode()
    return msgspec.structs.replace(event, input=text)


def _look_closer(kind: str, payload: bytes, event: EventT) -> EventT:
    """Look into an event that says nothing: it may be wrapped in its name, or hide a fault."""
    document = msgspec.json.decode(payload, type=dict[str, object])
    if isinstance(inner := document.get(kind), dict):
        return msgspec.convert(inner, type(event))
    if any(field in document for field in _FAULT_FIELDS):
        raise document_refusal(document)
    return event

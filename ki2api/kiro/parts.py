"""Makes the borders between the parts of a reply, which Kiro's events do not mark.

A tool call runs until Kiro says `stop`; whatever comes in between waits for that, so that parts
never overlap. All else ends where something else begins.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec

from ki2api.errors import UpstreamDisconnected, UpstreamGarbled
from ki2api.events import PartDelta, PartEnded, PartKind, PartStarted, ReplyEvent, ReplyStarted
from ki2api.kiro.names import ToolNames

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _OpenCall(msgspec.Struct):
    """The tool call that is being written, and its JSON text so far."""

    id: str
    pieces: list[str] = msgspec.field(default_factory=list)


class Parts:
    """Turns Kiro's deltas into parts.

    `count` tells how many were begun, `proofs` are the signatures and opaque blobs of thoughts.
    """

    def __init__(
        self, names: ToolNames, estimated_input: int, skipped: defaultdict[str, int]
    ) -> None:
        self._names = names
        self._estimated_input = estimated_input
        self._skipped = skipped
        self._kind: PartKind | None = None
        self._call: _OpenCall | None = None
        self._waiting: list[Callable[[], list[ReplyEvent]]] = []
        self._done: set[str] = set()
        self._signature = ""
        self._worded = self._unsigned = False
        """Whether the thoughts being written, and the last ones that ended unsigned, have words."""
        self.count = 0
        self.proofs: list[str] = []

    @property
    def called(self) -> bool:
        """Whether a tool call was completed."""
        return bool(self._done)

    def text(self, words: str) -> list[ReplyEvent]:
        """Take words of the reply."""
        if self._kind == "text":
            return [PartDelta(self.count - 1, words)]
        if self._call:
            return self._wait(partial(self.text, words))
        return [*self._begin("text"), PartDelta(self.count - 1, words)]

    def thoughts(self, words: str, signature: str, redacted: str) -> list[ReplyEvent]:
        """Take thoughts; a signature may come in pieces, and after it others begin."""
        if self._call:
            return self._wait(partial(self.thoughts, words, signature, redacted))
        out: list[ReplyEvent] = []
        if redacted:
            self.proofs.append(redacted)
            out += self._begin("thinking", redacted=redacted) + self._end()
        if words:
            if self._kind != "thinking" or self._signature:
                out += self._begin("thinking")
            self._worded = True
            out.append(PartDelta(self.count - 1, words))
        return out + self._sign(signature) if signature else out

    def call(self, call_id: str, name: str, piece: str, *, stop: bool) -> list[ReplyEvent]:
        """Take a piece of a tool call's JSON text; a piece without an id is the open call's."""
        if self._call:
            if call_id in ("", self._call.id):
                return self._write(self._call, piece, stop=stop)
            return self._wait(partial(self.call, call_id, name, piece, stop=stop))
        if call_id in self._done:
            self._skipped["toolUseEvent after its stop"] += 1
            return []
        if not name:
            raise UpstreamGarbled("Kiro's stream has a tool call without a name.")
        self._call = _OpenCall(call_id or self._made_up_id(name))
        named = self._names.client(name)
        begun = self._begin("tool-call", call_id=self._call.id, name=named)
        return begun + self._write(self._call, piece, stop=stop)

    def finish(self) -> list[ReplyEvent]:
        """End the last part; raises UpstreamDisconnected where it is an unfinished call."""
        if self._call:
            raise UpstreamDisconnected("Kiro's stream ended in the middle of a tool call.")
        return self._end()

    def _sign(self, signature: str) -> list[ReplyEvent]:
        if self._kind != "thinking" and self._unsigned:
            # Their thoughts have ended, and an empty part with their signature would be a lie.
            self._skipped["signature of thoughts that had ended"] += 1
            return []
        begun = [] if self._kind == "thinking" else self._begin("thinking")
        self._signature += signature
        return begun

    def _wait(self, again: Callable[[], list[ReplyEvent]]) -> list[ReplyEvent]:
        self._waiting.append(again)
        return []

    def _begin(self, kind: PartKind, **about: Any) -> list[ReplyEvent]:
        # The reply begins with its first part, so that an empty one can be asked for again.
        before = self._end() if self.count else [ReplyStarted(self._estimated_input)]
        started = PartStarted(self.count, kind, **about)
        self._kind = kind
        self.count += 1
        return [*before, started]

    def _end(self) -> list[ReplyEvent]:
        if self._kind is None:
            return []
        signature = self._signature
        if signature:
            self.proofs.append(signature)
        if self._kind == "thinking":
            self._unsigned = self._worded and not signature
        self._kind, self._signature, self._worded = None, "", False
        return [PartEnded(self.count - 1, signature)]

    def _write(self, call: _OpenCall, piece: str, *, stop: bool) -> list[ReplyEvent]:
        if stop and not piece and not "".join(call.pieces).strip():
            piece = "{}"
        call.pieces.append(piece)
        out: list[ReplyEvent] = [PartDelta(self.count - 1, piece)] if piece else []
        return out + self._complete(call) if stop else out

    def _complete(self, call: _OpenCall) -> list[ReplyEvent]:
        try:
            _object.decode("".join(call.pieces))
        except (msgspec.DecodeError, RecursionError):
            raise UpstreamGarbled("Kiro's stream has a tool call with broken JSON.") from None
        self._call = None
        self._done.add(call.id)
        out = self._end()
        waiting, self._waiting = self._waiting, []
        for again in waiting:
            out += again()
        return out

    def _made_up_id(self, name: str) -> str:
        seed = f"{self._estimated_input}\0{self.count}\0{name}"
        return f"tooluse_{sha256(seed.encode()).hexdigest()[:22]}"

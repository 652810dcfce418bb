"""Which tool calls of a reply are passed on: those allowed, and no more than asked for."""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from ki2api.events import PartDelta, PartEnded, PartStarted, ReplyEnded, ReplyEvent


class Calls:
    """Leaves out calls of other tools than the `allowed` ones, where these are named.

    With `single`, the reply ends where a second call begins: until then it is not known whether
    there is one, and an earlier end would cost every reply its true usage.
    """

    def __init__(
        self, allowed: frozenset[str] | None, *, single: bool, note: Callable[[str], None]
    ) -> None:
        self._allowed = allowed
        self._single = single
        self._note = note
        self._made = 0
        self._left_out = 0
        self._skipping = False

    def feed(self, event: ReplyEvent) -> Iterable[ReplyEvent]:
        """Pass on what is no call, and the calls that may be made."""
        match event:
            case PartStarted(kind="tool-call"):
                return self._call(event)
            case PartStarted() | PartDelta() | PartEnded():
                return self._part(event)
            case ReplyEnded(reason="tool-calls") if not self._made:
                return (ReplyEnded("end"),)
        return (event,)

    def _call(self, event: PartStarted) -> Iterable[ReplyEvent]:
        if self._allowed is not None and event.name not in self._allowed:
            self._skipping = True
            self._note(f"left out a call of {event.name}, which was not to be called")
            return ()
        if self._single and self._made:
            self._note(f"ended the reply before a further call, of {event.name}")
            return (ReplyEnded("tool-calls"),)
        self._made += 1
        return self._part(event)

    def _part(self, event: PartStarted | PartDelta | PartEnded) -> Iterable[ReplyEvent]:
        if self._skipping:
            if isinstance(event, PartEnded):
                self._skipping = False
                self._left_out += 1
            return ()
        return (replace(event, index=event.index - self._left_out) if self._left_out else event,)

"""Words that the caller put into the model's mouth: the reply holds only what comes after them."""

from collections.abc import Iterable

from ki2api.conversation import Conversation, TextPart
from ki2api.events import PartDelta, PartEnded, PartStarted, ReplyEvent

# The turn that asks for it is put there by rule H1 (docs/kiro.md §3.4).
INSTRUCTION = (
    "The last message of the assistant is the beginning of your reply. Go on exactly where it"
    " stops, with the very next letter: repeat nothing of it, and say nothing about going on."
)


def prefill_of(conversation: Conversation) -> str:
    """Return the words that the reply must go on from, or nothing."""
    last = conversation.turns[-1]
    if last.role != "assistant" or not isinstance(last.parts[-1] if last.parts else None, TextPart):
        return ""
    return "".join(part.text for part in last.parts if isinstance(part, TextPart)).strip()


class Prefill:
    """Takes the prefilled words off the beginning of the reply, if the model repeats them."""

    def __init__(self, said: str) -> None:
        self._said = said
        self._held = ""
        self._reading = False
        self._done = False

    def feed(self, event: ReplyEvent) -> Iterable[ReplyEvent]:
        """Hold text back as long as it may be a repetition."""
        match event:
            case PartStarted(kind=kind):
                self._reading = kind == "text" and not self._done
            case PartDelta() if self._reading:
                return self._text(event)
            case PartEnded() if self._reading:
                self._reading, self._done = False, True
                return (PartDelta(event.index, self._held), event) if self._held else (event,)
        return (event,)

    def _text(self, delta: PartDelta) -> Iterable[ReplyEvent]:
        self._held += delta.text
        bare = self._held.lstrip()
        if len(bare) < len(self._said) and self._said.startswith(bare):
            return ()
        self._reading, self._done = False, True
        repeated = bare.startswith(self._said)
        rest = bare[len(self._said) :] if repeated else self._held
        return (PartDelta(delta.index, rest),) if rest else ()

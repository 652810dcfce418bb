"""How the thoughts of a reply are taken: shown, by their signature alone, or left out."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import msgspec

from ki2api.conversation import Thinking
from ki2api.events import ReplyEvent
from ki2api.kiro.fields import writes_tags_unasked
from ki2api.kiro.parts import Parts
from ki2api.kiro.tags import Piece, TagReader
from ki2api.models import Model

Show: TypeAlias = Literal["shown", "signed", "hidden"]


class Hearing(msgspec.Struct, frozen=True):
    """How thoughts are passed on, and whether tagged text at the start is one."""

    show: Show = "shown"
    tagged: bool = False


def hearing_of(thinking: Thinking, model: Model, *, asked_by_tags: bool) -> Hearing:
    """Decide by what the caller asked (docs/thinking.md).

    Tags are looked for only where thinking was asked for: anybody else's reply may begin with them.
    """
    asked = bool(thinking.enabled)
    tagged = asked and (asked_by_tags or writes_tags_unasked(model))
    return Hearing(_show(thinking, asked=asked), tagged)


def _show(thinking: Thinking, *, asked: bool) -> Show:
    if thinking.enabled is False or not (asked or thinking.display):
        return "hidden"
    return "signed" if thinking.display == "omitted" else "shown"


class Thoughts:
    """Passes text and thoughts on to the parts of one reply.

    Thoughts that Kiro sends both as events and as tagged text are passed on once. `withheld`
    counts how often some came that were not passed on; `think` is told the words of each thought.
    """

    def __init__(
        self,
        parts: Parts,
        hearing: Hearing,
        skipped: defaultdict[str, int],
        think: Callable[[str], None],
    ) -> None:
        self._parts = parts
        self._show = hearing.show
        self._tags = TagReader() if hearing.tagged else None
        self._skipped = skipped
        self._think = think
        self.withheld = 0
        self._native = self._tagged = self._worded = False

    def text(self, words: str) -> list[ReplyEvent]:
        """Take words of the reply, which may open with tagged thoughts."""
        return self._put(self._tags.feed(words)) if self._tags else self._parts.text(words)

    def close_text(self) -> list[ReplyEvent]:
        """Take the end of the words before something else comes."""
        if self._tags is None:
            return []
        tags, self._tags = self._tags, None
        return self._put(tags.close())

    def native(self, words: str, signature: str, redacted: str) -> list[ReplyEvent]:
        """Take thoughts that came as events of their own."""
        if self._tagged and not redacted:
            return self._skip("thoughts that came twice")
        self._native = True
        return self._pass_on(words, signature, redacted)

    def _put(self, pieces: Sequence[Piece]) -> list[ReplyEvent]:
        out: list[ReplyEvent] = []
        for kind, text in pieces:
            if kind == "text":
                out += self._parts.text(text)
            elif self._native:
                out += self._skip("thoughts that came twice")
            else:
                self._tagged = True
                out += self._pass_on(text, "", "")
        return out

    def _pass_on(self, words: str, signature: str, redacted: str) -> list[ReplyEvent]:
        self._think(words)
        if self._show == "hidden":
            return self._skip("thoughts that nobody asked for")
        if self._show == "signed":
            return self._pass_proof_on(words, signature, redacted)
        return self._parts.thoughts(words, signature, redacted)

    def _pass_proof_on(self, words: str, signature: str, redacted: str) -> list[ReplyEvent]:
        """Pass on what Kiro sends in place of words; a signature of words left out proves none."""
        self._worded = self._worded or bool(words)
        if signature and self._worded:
            self._worded, signature = False, ""
        if not (signature or redacted):
            return self._skip("thoughts that are not to be shown")
        return self._parts.thoughts("", signature, redacted)

    def _skip(self, what: str) -> list[ReplyEvent]:
        self.withheld += 1
        self._skipped[what] += 1
        return []

"""Stop strings: the reply's text ends before the first of them, wherever its pieces were cut."""

from collections.abc import Iterable

from ki2api.events import PartDelta, PartEnded, PartStarted, ReplyEnded, ReplyEvent


class Follower:
    """Follows one string through a text that comes in pieces (Knuth, Morris and Pratt).

    `matched` is how many of its letters the text so far ends with.
    """

    def __init__(self, word: str) -> None:
        self.word = word
        self.matched = 0
        self._shorter = _borders(word)

    def feed(self, text: str) -> int | None:
        """Return where in this piece the string is complete, or None."""
        word, matched, at = self.word, self.matched, 0
        while at < len(text):
            if not matched and (at := text.find(word[0], at)) < 0:
                break
            letter = text[at]
            while matched and word[matched] != letter:
                matched = self._shorter[matched - 1]
            matched += word[matched] == letter
            at += 1
            if matched == len(word):
                return at
        self.matched = matched
        return None


class StopStrings:
    """Ends the reply before a stop string in a text part; thoughts and tool calls are not read.

    The string that is complete first decides, as it does where a model is stopped while it writes;
    of two that are complete at once, the longer. No more text is held back than may still become
    one.
    """

    def __init__(self, stops: Iterable[str]) -> None:
        self._followers = [Follower(stop) for stop in stops]
        self._reading = False
        self._held = ""

    def feed(self, event: ReplyEvent) -> Iterable[ReplyEvent]:
        """Pass on what cannot be a stop string any more."""
        match event:
            case PartDelta() if self._reading:
                return self._text(event)
            case PartStarted(kind=kind):
                self._reading, self._held = kind == "text", ""
                for follower in self._followers:
                    follower.matched = 0
            case PartEnded() if self._reading and self._held:
                return PartDelta(event.index, self._held), event
        return (event,)

    def _text(self, delta: PartDelta) -> Iterable[ReplyEvent]:
        text = self._held + delta.text
        ends = [
            (end, -len(follower.word), follower.word)
            for follower in self._followers
            if (end := follower.feed(delta.text)) is not None
        ]
        if ends:
            end, _, word = min(ends)
            kept = text[: len(self._held) + end - len(word)]
            ending = PartEnded(delta.index), ReplyEnded("stop-sequence", word)
            return (PartDelta(delta.index, kept), *ending) if kept else ending
        sure = len(text) - max(follower.matched for follower in self._followers)
        self._held = text[sure:]
        return (PartDelta(delta.index, text[:sure]),) if sure else ()


def _borders(word: str) -> list[int]:
    """Return for each beginning of a word how long its longest own beginning is that ends it."""
    borders, length = [0], 0
    for letter in word[1:]:
        while length and word[length] != letter:
            length = borders[length - 1]
        length += word[length] == letter
        borders.append(length)
    return borders

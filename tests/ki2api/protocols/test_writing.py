"""The hot path of the encoders."""

import msgspec

from ki2api.events import PartDelta, PartStarted
from ki2api.protocols.writing import Border, NumberedWriter, Writer


class Plain(Writer):
    """Writes a border as its name and a delta between brackets."""

    def _border(self, event: Border) -> bytes:
        self._expect(b'["",""]')
        return type(event).__name__.encode()


def test_a_batch_is_one_piece_of_bytes() -> None:
    written = Plain().feed((PartStarted(0, "text"), PartDelta(0, 'a"b'), PartDelta(0, "c")))
    assert written == b'PartStarted["","a\\"b"]["","c"]'


def test_the_cut_is_made_anew_for_every_part() -> None:
    writer = Plain()
    assert writer.feed((PartStarted(0, "text"),)) == b"PartStarted"
    assert writer.feed((PartDelta(0, "a"),)) == b'["","a"]'


def test_an_empty_batch_says_nothing() -> None:
    assert Plain().feed(()) == b""


def test_line_breaks_cannot_leave_a_frame() -> None:
    writer = Plain()
    writer.feed((PartStarted(0, "text"),))
    text = "a\r\nb\u2028c\x00\n\ndata: x"
    written = writer.feed((PartDelta(0, text),))
    assert b"\n" not in written
    assert b"\r" not in written
    assert msgspec.json.decode(written) == ["", text]


class Counted(NumberedWriter):
    """Writes a border as its name, and a delta with its number; capitals are not told."""

    def _border(self, event: Border) -> bytes:
        self._translate = lambda text: "" if text.isupper() else text
        self._expect(b'["","%d",0}')
        return type(event).__name__.encode()

    def _before_deltas(self) -> bytes:
        return b"!"


def test_deltas_are_counted_and_remembered() -> None:
    writer = Counted()
    said = [PartDelta(0, "a"), PartDelta(0, "B"), PartDelta(0, "c")]
    assert writer.feed((PartStarted(0, "text"), *said)) == (b'PartStarted!["a","%d",0}["c","%d",1}')
    assert writer._said == ["a", "c"]
    assert writer.feed((PartStarted(1, "text"), PartDelta(1, "d"))) == b'PartStarted!["d","%d",2}'
    assert writer._said == ["d"]
    assert writer.feed((PartStarted(2, "text"), PartDelta(2, "E"))) == b"PartStarted"

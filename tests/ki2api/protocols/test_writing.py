"""The hot path of the encoders."""

import msgspec

from ki2api.events import PartDelta, PartStarted
from ki2api.protocols.writing import Border, Writer


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

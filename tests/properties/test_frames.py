"""Frames survive every cut of the stream, and never a change of its bytes."""

from itertools import pairwise

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from ki2api.errors import UpstreamGarbled
from ki2api.kiro.framing import Decoder, Frame, encode

HEADERS = st.dictionaries(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20),
    st.text(max_size=20),
    max_size=4,
)
FRAMES = st.lists(st.builds(Frame, HEADERS, st.binary(max_size=60)), min_size=1, max_size=5)


def stream_of(frames: list[Frame]) -> bytes:
    return b"".join(encode(frame.headers, frame.payload) for frame in frames)


@given(FRAMES, st.lists(st.integers(0, 2_000), max_size=8))
def test_frames_come_back_however_the_stream_is_cut(frames: list[Frame], cuts: list[int]) -> None:
    stream = stream_of(frames)
    borders = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    decoder = Decoder()
    pieces = (stream[start:end] for start, end in pairwise(borders))
    assert [frame for piece in pieces for frame in decoder.feed(piece)] == frames
    decoder.finish()


@given(FRAMES)
def test_botocore_reads_the_same(frames: list[Frame]) -> None:
    oracle = EventStreamBuffer()
    oracle.add_data(stream_of(frames))
    assert [Frame(message.headers, message.payload) for message in oracle] == frames


@given(FRAMES, st.integers(0), st.integers(1, 255))
def test_a_changed_byte_never_gives_a_wrong_frame(
    frames: list[Frame], place: int, change: int
) -> None:
    stream = bytearray(stream_of(frames))
    stream[place % len(stream)] ^= change
    decoder = Decoder()
    seen: list[Frame] = []
    try:
        for byte in stream:
            seen += decoder.feed(bytes([byte]))
    except UpstreamGarbled:
        pass
    assert len(seen) < len(frames)
    assert seen == frames[: len(seen)]

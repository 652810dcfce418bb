"""Frames survive every cut of the stream, and never a change of its bytes."""

from contextlib import suppress
from itertools import accumulate, pairwise

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


@given(FRAMES, st.integers(0), st.integers(1, 255), st.integers(1, 200))
def test_a_changed_byte_gives_the_frames_before_it_and_no_wrong_one(
    frames: list[Frame], place: int, change: int, size: int
) -> None:
    stream = bytearray(stream_of(frames))
    stream[place % len(stream)] ^= change
    ends = list(accumulate(len(stream_of([frame])) for frame in frames))
    whole = sum(end <= place % len(stream) for end in ends)
    decoder = Decoder()
    seen: list[Frame] = []
    with suppress(UpstreamGarbled):
        for at in range(0, len(stream), size):
            seen += decoder.feed(bytes(stream[at : at + size]))
    assert seen == frames[:whole]

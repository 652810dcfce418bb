"""The frame decoder: any bytes, read at once or in pieces, give the same frames and the same end.

The first byte of an input says how long the pieces are.
"""

from random import Random
from struct import Struct
from zlib import crc32

from ki2api.errors import UpstreamDisconnected, UpstreamGarbled
from ki2api.kiro.framing import Decoder, Frame, encode
from tests.fuzz.mutation import Plain, Words

WORDS = ("ki2api/kiro/framing.py", "ki2api/kiro/interpret.py")
_PRELUDE, _NUMBER = Struct(">III"), Struct(">I")


def check(data: bytes) -> None:
    """Read a stream in three ways."""
    size, stream = max(data[:1] or b"\x01") or 1, data[1:]
    frames, end = read([stream])
    assert read([stream[at : at + size] for at in range(0, len(stream), size)]) == (frames, end)
    again = b"".join(encode(frame.headers, frame.payload) for frame in frames)
    assert read([again]) == (frames, "complete")


def read(pieces: list[bytes]) -> tuple[list[Frame], str]:
    """Return the frames and how it ended: in one of two ways, if not well."""
    decoder, frames = Decoder(), list[Frame]()
    try:
        for piece in pieces:
            frames += decoder.feed(piece)
        decoder.finish()
    except (UpstreamGarbled, UpstreamDisconnected) as error:
        return frames, f"{type(error).__name__}: {error}"
    return frames, "complete"


def mutate(data: bytes, limit: int, random: Random, words: Words, plain: Plain) -> bytes:
    """Change bytes, and mostly put the checksums right, behind which all the rest lies."""
    changed = plain(data, limit)
    return changed[:1] + mended(changed[1:], random) if random.random() < 0.8 else changed


def mended(stream: bytes, random: Random) -> bytes:
    """Write right checksums, and lengths that are possible, into what may be frames."""
    out, at = bytearray(stream), 0
    while len(out) - at >= 16:
        total, head, _ = _PRELUDE.unpack_from(out, at)
        if not 16 <= total <= len(out) - at:
            total = random.randint(16, len(out) - at)
        if head > total - 16 and random.random() < 0.9:
            head = random.randint(0, total - 16)
        start = _PRELUDE.pack(total, head, 0)[:8]
        out[at : at + 12] = start + _NUMBER.pack(crc32(start))
        end = at + total
        out[end - 4 : end] = _NUMBER.pack(crc32(bytes(out[at : end - 4])))
        at = end
    return bytes(out)

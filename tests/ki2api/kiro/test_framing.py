from struct import pack
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer

from ki2api.errors import UpstreamDisconnected, UpstreamGarbled
from ki2api.kiro import framing
from ki2api.kiro.framing import MAX_FRAME, MAX_HEADERS, MIN_FRAME, Decoder, Frame, encode

EVENT = {":content-type": "application/json", ":message-type": "event"}


def event(kind: str) -> dict[str, str]:
    return {":event-type": kind, **EVENT}


HELLO = bytes.fromhex(
    "0000007f0000005c7c7db5a8"
    "0b3a6576656e742d74797065070016617373697374616e74526573706f6e73654576656e74"
    "0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e"
    "0d3a6d6573736167652d747970650700056576656e74"
    "7b22636f6e74656e74223a2248656c6c6f227d9b5d0635"
)
WORKED = [
    (HELLO, event("assistantResponseEvent"), '{"content":"Hello"}'),
    (
        bytes.fromhex(
            "000000a30000005c307827f00b3a6576656e742d74797065070016617373697374616e74526573706f6e73654576656e740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74656e74223a22e4bda0e5a5bd20f09f918b222c226d6f64656c4964223a22636c617564652d736f6e6e65742d342e35227df1d59a3a"
        ),
        event("assistantResponseEvent"),
        '{"content":"你好 👋","modelId":"claude-sonnet-4.5"}',
    ),
    (
        bytes.fromhex(
            "000000c0000000520952076a0b3a6576656e742d7479706507000c746f6f6c5573654576656e740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22696e707574223a227b5c22636974795c223a205c22506172222c226e616d65223a226765745f77656174686572222c22746f6f6c5573654964223a22746f6f6c7573655f4162436445664768496a4b6c4d6e4f70517253745576227d48fae355"
        ),
        event("toolUseEvent"),
        '{"input":"{\\"city\\": \\"Par","name":"get_weather","toolUseId":"tooluse_AbCdEfGhIjKlMnOpQrStUv"}',
    ),
    (
        bytes.fromhex(
            "0000008500000057e92b24dc0b3a6576656e742d74797065070011636f6e7465787455736167654576656e740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74657874557361676550657263656e74616765223a322e357de065a0aa"
        ),
        event("contextUsageEvent"),
        '{"contextUsagePercentage":2.5}',
    ),
    (
        bytes.fromhex(
            "00000098000000537636b3f60b3a6576656e742d7479706507000d6d65746572696e674576656e740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22756e6974223a22637265646974222c22756e6974506c7572616c223a2263726564697473222c227573616765223a302e32357de7730714"
        ),
        event("meteringEvent"),
        '{"unit":"credit","unitPlural":"credits","usage":0.25}',
    ),
    (
        bytes.fromhex(
            "000000c000000061b682667c0f3a657863657074696f6e2d747970650700135468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22546f6f206d616e792072657175657374732c20706c656173652077616974206265666f726520747279696e6720616761696e2e222c22726561736f6e223a6e756c6c7d1999b6ab"
        ),
        {
            ":exception-type": "ThrottlingException",
            ":content-type": "application/json",
            ":message-type": "exception",
        },
        '{"message":"Too many requests, please wait before trying again.","reason":null}',
    ),
]


def framed(block: bytes, payload: bytes = b"") -> bytes:
    """Frame a header block as it is, however broken."""
    prelude = pack(">II", 16 + len(block) + len(payload), len(block))
    message = prelude + pack(">I", crc32(prelude)) + block + payload
    return message + pack(">I", crc32(message))


@pytest.mark.parametrize(("raw", "headers", "payload"), WORKED)
def test_the_worked_bytes_are_read_and_written(
    raw: bytes, headers: dict[str, str], payload: str
) -> None:
    assert Decoder().feed(raw) == [Frame(headers, payload.encode())]
    assert encode(headers, payload.encode()) == raw


def test_botocore_reads_the_worked_bytes_alike() -> None:
    stream = b"".join(raw for raw, _, _ in WORKED)
    oracle = EventStreamBuffer()
    oracle.add_data(stream)
    theirs = [Frame(message.headers, message.payload) for message in oracle]
    assert Decoder().feed(stream) == theirs


def test_a_stream_may_come_byte_by_byte() -> None:
    decoder = Decoder()
    stream = b"".join(raw for raw, _, _ in WORKED)
    frames = [frame for byte in stream for frame in decoder.feed(bytes([byte]))]
    assert [frame.payload.decode() for frame in frames] == [payload for *_, payload in WORKED]
    decoder.finish()


def test_headers_that_are_no_strings_are_passed_over() -> None:
    block = (
        b"\x01a\x00"
        b"\x01b\x01"
        b"\x01c\x02\x07"
        b"\x01d\x03\x00\x07"
        b"\x01e\x04\x00\x00\x00\x07"
        b"\x01f\x05"
        + bytes(8)
        + b"\x01g\x06\x00\x02hi"
        + b"\x01h\x08"
        + bytes(8)
        + b"\x01i\x09"
        + bytes(16)
        + b"\x01j\x07\x00\x02hi"
    )
    assert Decoder().feed(framed(block, b"x")) == [Frame({"j": "hi"}, b"x")]


@pytest.mark.parametrize(
    "block",
    [
        b"\x05ab",
        b"\x01a",
        b"\x01a\x0a",
        b"\x01a\x07",
        b"\x01a\x07\x00\x09hi",
        b"\x01a\x06\x00\x09hi",
        b"\x01a\x05\x00",
        b"\x01\xff\x00",
        b"\x01a\x07\x00\x01\xff",
    ],
)
def test_broken_headers_are_refused(block: bytes) -> None:
    with pytest.raises(UpstreamGarbled, match="broken headers"):
        Decoder().feed(framed(block))


def test_a_changed_byte_is_noticed_wherever_it_is() -> None:
    for at in range(len(HELLO)):
        broken = bytearray(HELLO)
        broken[at] ^= 0x20
        with pytest.raises(UpstreamGarbled):
            Decoder().feed(bytes(broken))


@pytest.mark.parametrize(
    ("total", "head"),
    [(15, 0), (MAX_FRAME + 1, 0), (16, 1), (MAX_FRAME, MAX_HEADERS + 1), (0, 0), (2**32 - 1, 0)],
)
def test_impossible_lengths_are_refused_before_anything_is_awaited(total: int, head: int) -> None:
    prelude = pack(">II", total, head)
    with pytest.raises(UpstreamGarbled, match="impossible length"):
        Decoder().feed(prelude + pack(">I", crc32(prelude)))


@pytest.mark.parametrize(("total", "head"), [(MAX_FRAME, 0), (MAX_FRAME, MAX_HEADERS)])
def test_the_longest_frame_that_is_possible_is_awaited(total: int, head: int) -> None:
    prelude = pack(">II", total, head)
    decoder = Decoder()
    assert decoder.feed(prelude + pack(">I", crc32(prelude))) == []
    with pytest.raises(UpstreamDisconnected):
        decoder.finish()


def test_the_shortest_frame_that_is_possible_is_read() -> None:
    assert Decoder().feed(framed(b"")) == [Frame({}, b"")]
    assert len(framed(b"")) == MIN_FRAME


def test_good_frames_come_before_the_error_behind_them() -> None:
    decoder = Decoder()
    assert decoder.feed(HELLO + HELLO + bytes(12)) == Decoder().feed(HELLO) * 2
    for _ in range(2):
        with pytest.raises(UpstreamGarbled):
            decoder.feed(HELLO)
        with pytest.raises(UpstreamGarbled):
            decoder.finish()


def test_a_stream_that_ends_inside_a_frame_has_broken_off() -> None:
    decoder = Decoder()
    assert decoder.feed(HELLO + HELLO[:-1]) == Decoder().feed(HELLO)
    with pytest.raises(UpstreamDisconnected):
        decoder.finish()


def test_more_kinds_of_frames_than_are_remembered_are_read_as_well() -> None:
    decoder, most = Decoder(), framing._REMEMBERED
    framing._known.clear()
    for number in range(2 * most):
        assert decoder.feed(encode({"n": str(number)}, b""))[0].headers == {"n": str(number)}
        assert len(framing._known) == number % most + 1


def test_repeated_header_blocks_are_parsed_once() -> None:
    first, second = Decoder().feed(HELLO + HELLO)
    assert first.headers is second.headers


def test_long_header_blocks_are_read_and_not_remembered() -> None:
    for length, remembered in ((512, True), (513, False)):
        value = "e" * (length - len(":event-type") - 4)
        long = encode({":event-type": value}, b"")
        first, again = Decoder().feed(long + long)
        assert first == again
        assert first.headers == {":event-type": value}
        assert (first.headers is again.headers) == remembered


def test_the_limits_are_those_of_the_encoding() -> None:
    assert (MAX_FRAME, MAX_HEADERS) == (25_165_824, 131_072)

"""The framing of server-sent events."""

from ki2api.protocols.sse import COMMENT, frame


def test_a_frame_with_a_name() -> None:
    assert frame(b"{}", b"ping") == b"event: ping\ndata: {}\n\n"


def test_a_frame_without_a_name() -> None:
    assert frame(b"[DONE]") == b"data: [DONE]\n\n"


def test_a_comment_is_a_whole_frame() -> None:
    assert COMMENT.startswith(b":")
    assert COMMENT.endswith(b"\n\n")

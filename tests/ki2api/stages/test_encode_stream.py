"""The encode-stream stage."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import pytest

from ki2api.conversation import Conversation
from ki2api.errors import GatewayError, UpstreamDisconnected
from ki2api.events import (
    PartDelta,
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    Usage,
    UsageReported,
)
from ki2api.flow import EventStream, GatewayFlow
from ki2api.protocols import Body, ClientProtocol, Delivery
from ki2api.stages.encode_stream import EncodeStream, EncodeStreamConfig
from pipeline.testing import SpyEndpoint, batches, build_flow, run_stage

pytestmark = pytest.mark.anyio
USAGE = Usage(3, 4, "upstream")
BEGIN = (ReplyStarted(), PartStarted(0, "text"), PartDelta(0, "Hello"))
END = (PartEnded(0), UsageReported(USAGE), ReplyEnded("end"))


class Plain:
    """A dialect that writes each word of the reply, and nothing for anything else."""

    def encoder(self, *_: object) -> "Plain":
        return self

    def feed(self, batch: Sequence[ReplyEvent]) -> bytes:
        words = [event.text for event in batch if isinstance(event, PartDelta)]
        if "bug" in words:
            raise ZeroDivisionError
        return "".join(words).encode() + b"." * isinstance(batch[-1], ReplyEnded)

    def fail(self, error: GatewayError) -> bytes:
        return f"error: {error.code}".encode()

    def whole(self, reply: Reply) -> bytes:
        return reply.parts[0].text.encode()  # type: ignore[union-attr]  # the test's parts are text


async def encoded(events: AsyncIterator[Any], *, stream: bool) -> GatewayFlow:
    delivery = Delivery(id="x", model="m", created=0, stream=stream)
    flow = build_flow(GatewayFlow, protocol=cast("ClientProtocol", Plain()))
    fills = {"conversation": Conversation("m", ()), "delivery": delivery, "events": events}
    return await run_stage(
        EncodeStream(EncodeStreamConfig(keep_alive_seconds=7)),
        flow,
        cast("Any", SpyEndpoint(fills)),
    )


async def pieces(flow: GatewayFlow) -> list[tuple[bytes, bool]]:
    stream = flow.response
    assert isinstance(stream, EventStream)
    assert stream.keep_alive == 7
    return [(piece, stream.ended) async for piece in stream.pieces]


async def test_a_whole_reply_is_folded() -> None:
    flow = await encoded(batches(BEGIN, END), stream=False)
    assert isinstance(flow.response, Body)
    assert flow.response.content == b"Hello"
    assert flow.response.headers == {"x-ki2api-usage-source": "upstream"}
    assert flow.usage == USAGE
    assert not flow.has("events")


async def test_a_stream_has_one_piece_a_batch_and_knows_its_last() -> None:
    silent = (UsageReported(USAGE),)
    flow = await encoded(batches(BEGIN, silent, END), stream=True)
    assert await pieces(flow) == [(b"Hello", False), (b".", True)]
    assert flow.usage == USAGE
    assert flow.failure is None


async def test_an_end_without_usage_is_an_end() -> None:
    flow = await encoded(batches(BEGIN, (PartEnded(0), ReplyEnded("end"))), stream=True)
    assert (await pieces(flow))[-1] == (b".", True)
    assert flow.usage is None


async def test_a_stream_that_breaks_off_ends_with_the_error() -> None:
    async def broken() -> AsyncIterator[Any]:
        yield BEGIN
        raise UpstreamDisconnected("gone")

    flow = await encoded(broken(), stream=True)
    assert await pieces(flow) == [(b"Hello", False), (b"error: upstream_disconnected", True)]
    assert isinstance(flow.failure, UpstreamDisconnected)


async def test_a_bug_in_the_middle_is_told_as_ours(caplog: pytest.LogCaptureFixture) -> None:
    flow = await encoded(batches(BEGIN, (PartDelta(0, "bug"),)), stream=True)
    assert (await pieces(flow))[-1] == (b"error: internal_error", True)
    assert flow.failure is not None
    assert flow.id in flow.failure.detail


async def test_a_stream_that_stops_without_its_end_is_a_break() -> None:
    flow = await encoded(batches(BEGIN), stream=True)
    assert (await pieces(flow))[-1] == (b"error: upstream_disconnected", True)

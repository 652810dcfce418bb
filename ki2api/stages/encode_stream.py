"""Writes the reply in the client's dialect, streamed or whole."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import ClassVar

from ki2api.blame import blamed
from ki2api.errors import GatewayError, UpstreamDisconnected
from ki2api.events import ReplyEnded, ReplyEvent, Usage, UsageReported, fold
from ki2api.flow import EventStream, GatewayFlow
from ki2api.protocols import Body, Encoder
from pipeline import Batch, Next, Stage, StageConfig, close


class EncodeStreamConfig(StageConfig, frozen=True):
    """How a silent stream is kept open."""

    keep_alive_seconds: float = 10.0
    """A ping after so much silence; 0 turns it off."""


class EncodeStream(Stage[GatewayFlow, EncodeStreamConfig]):
    """Turns events into the response; a broken stream ends with the dialect's error event."""

    name = "encode-stream"
    requires: ClassVar[frozenset[str]] = frozenset({"protocol"})
    awaits: ClassVar[frozenset[str]] = frozenset({"events", "conversation", "delivery"})
    answers: ClassVar[frozenset[str]] = frozenset({"response"})
    takes: ClassVar[frozenset[str]] = frozenset({"events"})

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Fill `flow.response`."""
        await call_next(flow)
        encoder = flow.protocol.encoder(flow.conversation, flow.delivery)
        events = flow.events
        del flow.events
        if flow.delivery.stream:
            stream = EventStream(keep_alive=self.config.keep_alive_seconds, fail=encoder.fail)
            stream.pieces = _streamed(flow, stream, encoder, events)
            flow.response = stream
        else:
            flow.response = await _whole(flow, encoder, events)


async def _whole(
    flow: GatewayFlow, encoder: Encoder, events: AsyncIterator[Batch[ReplyEvent]]
) -> Body:
    try:
        reply = fold([event async for batch in events for event in batch])
    finally:
        await close(events)
    flow.usage = reply.usage
    return Body(encoder.whole(reply), headers={"x-ki2api-usage-source": reply.usage.source})


async def _streamed(
    flow: GatewayFlow,
    stream: EventStream,
    encoder: Encoder,
    events: AsyncIterator[Batch[ReplyEvent]],
) -> AsyncGenerator[bytes, None]:
    try:
        async for batch in events:
            if isinstance(batch[-1], ReplyEnded):
                stream.ended = True
                flow.usage = _reported(batch)
            if piece := encoder.feed(batch):
                yield piece
        _check_end(stream)
    except GatewayError as error:
        flow.failure = error
    except Exception as error:  # noqa: BLE001 - whatever a stage or an encoder did, the client is told
        flow.log.opt(exception=error).error(
            "the reply broke off by an error in the code of a stage or of Ki2API"
        )
        flow.failure = blamed(error, flow.id)
    finally:
        await close(events)
    if flow.failure is not None:
        stream.ended = True
        yield encoder.fail(flow.failure)


def _check_end(stream: EventStream) -> None:
    if not stream.ended:
        raise UpstreamDisconnected("The reply stopped before its end.")


def _reported(batch: Batch[ReplyEvent]) -> Usage | None:
    for event in reversed(batch):  # the last but one, mostly
        if isinstance(event, UsageReported):
            return event.usage
    return None

"""The innermost callable of the chain: puts the conversation to Kiro and reads its answer."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import ClassVar

import msgspec

from ki2api.alarms import Alarms
from ki2api.errors import (
    BodyRefused,
    ContextTooLong,
    GatewayError,
    InvalidRequest,
    ThoughtsRefused,
    UpstreamTimeout,
)
from ki2api.estimate import Estimate
from ki2api.estimate.calibration import Calibration
from ki2api.events import ReplyEvent
from ki2api.flow import GatewayFlow, NothingSent
from ki2api.kiro.compose import Composed, Learnt, Limits, compose
from ki2api.kiro.framing import Decoder
from ki2api.kiro.interpret import Interpreter, joined
from ki2api.kiro.shape import shape_of
from ki2api.models import Model
from ki2api.transport.limit import Limit
from ki2api.upstream.client import KiroClient
from ki2api.upstream.exchange import Exchange
from ki2api.upstream.identities import Identities
from ki2api.upstream.lessons import Lessons
from ki2api.upstream.measures import Measures
from ki2api.upstream.refused import tell_shape
from ki2api.upstream.silence import Silence
from pipeline import Batch, Note


class KiroEndpoint:
    """Composes, sends, and turns frames into events; returns with the first event in hand."""

    requires: ClassVar[frozenset[str]] = frozenset({"conversation", "target", "account"})
    answers: ClassVar[frozenset[str]] = frozenset({"events"})

    def __init__(
        self, client: KiroClient, limits: Limits, calibration: Calibration | None = None
    ) -> None:
        self._client = client
        self._limits = limits
        self._measures = Measures(calibration or Calibration())
        self._identities = Identities()
        self._alarms = Alarms()
        self._lessons = Lessons()

    async def __call__(self, flow: GatewayFlow) -> None:
        """Fill `flow.events`; raises GatewayError for all that goes wrong before the first.

        Of a dry flow nothing is sent: it raises NothingSent.
        """
        self._identities.use(flow)
        learnt = self._lessons.of(flow.target.model.id)
        try:
            composed = self._compose(flow, learnt)
            self._measures.check(flow)
            if flow.dry:
                shape = shape_of(composed.body, flow.target.model, self._limits)
                raise NothingSent(composed, shape)
            await self._answer(flow, composed, learnt)
        except ContextTooLong as error:
            self._measures.explain(error, flow)
            raise

    async def _answer(self, flow: GatewayFlow, composed: Composed, learnt: Learnt) -> None:
        try:
            await self._ask(flow, composed, learnt)
        except (InvalidRequest, ContextTooLong):
            tell_shape(flow, composed, self._limits)
            raise

    async def _ask(self, flow: GatewayFlow, composed: Composed, learnt: Learnt) -> None:
        """Ask; once more where what Kiro refuses is not what was asked for."""
        try:
            await self._begin(flow, composed)
        except ThoughtsRefused as error:
            await self._ask_plainer(flow, composed, learnt, error)
        except InvalidRequest as error:
            if self._identities.of(flow.conversation) == composed.ids:
                await self._ask_plainer(flow, composed, learnt, error)
                return
            flow.note(
                "kiro", "another request burnt the ids meanwhile: asked again with fresh ones"
            )
            await self._begin(flow, self._compose(flow, learnt))

    async def _ask_plainer(
        self, flow: GatewayFlow, composed: Composed, learnt: Learnt, error: InvalidRequest
    ) -> None:
        """Ask without what a request can do without; raises the error if that was not refused."""
        plainer = _plainer(error, composed, learnt)
        if plainer is None:
            raise error
        self._identities.burn(flow.conversation)
        without = "extra fields" if plainer.refuses_fields else "earlier thinking"
        flow.note("kiro", f"Kiro refused the {without}: asked again without")
        await self._begin(flow, self._compose(flow, plainer))
        # Only an answer proves that it was these.
        if plainer.refuses_fields:
            self._lessons.fields_refused(flow.target.model.id)
        else:
            self._lessons.thoughts_refused(composed.proofs)

    async def _begin(self, flow: GatewayFlow, composed: Composed) -> None:
        flow.spend_call()
        options, model = self._client.options, flow.target.model
        estimate = flow.estimate()
        interpreter = self._measures.interpreter(model, estimate, composed)
        flow.when_closed(partial(self._learn, interpreter, model, estimate))
        try:
            with Limit(options.first_event_seconds, self._alarms) as limit:
                exchange = await self._client.stream(composed.body, flow.account)
                flow.keep_open(exchange)
                events = Events(exchange, interpreter, options.idle_seconds, self._alarms)
                await events.prime(limit)
        except TimeoutError as error:
            raise UpstreamTimeout("Kiro did not begin its answer in time.") from error
        flow.events = events

    def _learn(self, interpreter: Interpreter, model: Model, estimate: Estimate) -> None:
        self._measures.learn(interpreter, model, estimate)
        self._lessons.learn(interpreter, model.id)

    def _compose(self, flow: GatewayFlow, learnt: Learnt) -> Composed:
        conversation = flow.conversation
        ids = self._identities.of(conversation)
        profile = flow.account.profile_arn
        try:
            composed = compose(conversation, flow.target, ids, profile, self._limits, learnt)
        except GatewayError as error:
            flow.note("kiro", f"refused before it was sent: {error.message}")
            raise
        for text in _notes(composed):
            if Note("kiro", text) not in flow.notes:
                flow.note("kiro", text)
        return composed


def _plainer(error: GatewayError, composed: Composed, learnt: Learnt) -> Learnt | None:
    """Return how to ask without what may have been refused, if there was any such thing."""
    if isinstance(error, BodyRefused) and composed.has_fields:
        return msgspec.structs.replace(learnt, refuses_fields=True)
    if composed.proofs and isinstance(error, BodyRefused | ThoughtsRefused):
        return msgspec.structs.replace(learnt, replays=lambda _: False)
    return None


def _notes(composed: Composed) -> Iterator[str]:
    for repair in composed.repairs:
        yield f"{repair.rule} {repair.at}: {repair.text}"
    for place in composed.not_honoured:
        yield f"not honoured: {place}"


class Events(AsyncIterator[Batch[ReplyEvent]]):
    """The reply's events, one batch for what each read of the upstream brought."""

    def __init__(
        self, exchange: Exchange, interpreter: Interpreter, idle_seconds: float, alarms: Alarms
    ) -> None:
        self._exchange = exchange
        self._interpreter = interpreter
        self._heard = interpreter.heard
        # Through the exchange: a way back here would keep all of the reply until a collection.
        self._silence = Silence(idle_seconds, exchange.fall_silent, alarms)
        self._decoder = Decoder()
        self._first: Batch[ReplyEvent] | None = None
        self._failure: GatewayError | None = None
        self._ended = False

    async def prime(self, patience: Limit) -> None:
        """Wait for the first batch: the commit point, after which nothing is tried again."""
        self._first = await self._next(patience)

    async def __anext__(self) -> Batch[ReplyEvent]:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        if self._ended:
            raise self._failure or StopAsyncIteration
        silence = self._silence
        silence.renew()
        try:
            return await self._next(silence)
        finally:
            silence.rest()

    async def aclose(self) -> None:
        """Stop reading: what is not wanted any more is not to be paid for."""
        self._silence.stop()
        await self._exchange.stop()

    async def _next(self, patience: Limit | Silence) -> Batch[ReplyEvent]:
        while True:
            withheld = self._heard.withheld
            if batch := self._read(await self._exchange.read()):
                return batch
            if self._ended:
                raise self._failure or StopAsyncIteration
            if self._heard.withheld > withheld:  # thoughts not passed on are no silence
                patience.renew()

    def _read(self, data: bytes) -> Batch[ReplyEvent]:
        """Translate one read; an error behind good frames waits until these are delivered."""
        events: list[ReplyEvent] = []
        last: list[ReplyEvent] = []
        try:
            if data:
                self._interpreter.read(self._decoder.feed(data), events)
            if self._exchange.ended or not data:
                self._ended = True
                self._decoder.finish()
                last = self._interpreter.finish()
        except GatewayError as error:
            self._ended, self._failure = True, error
        return (*joined(events), *last)

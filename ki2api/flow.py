"""One request on its way through Ki2API: the slots that its stages fill and read."""

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TYPE_CHECKING, ClassVar

import loguru
import msgspec

from ki2api.accounts.lease import Lease
from ki2api.conversation import Conversation
from ki2api.errors import CallsSpent, GatewayError
from ki2api.estimate import Estimate, estimated, family_of
from ki2api.events import ReplyEvent, Usage
from ki2api.kiro.compose import Composed
from ki2api.kiro.shape import Shape
from ki2api.models import Target
from ki2api.protocols import Body, ClientProtocol, Delivery, RawRequest
from pipeline import Batch, Flow, Slot

if TYPE_CHECKING:
    from loguru import Logger


class Caller(msgspec.Struct, frozen=True):
    """Who calls: the label of the key and the address it came from."""

    key: str
    peer: str


class Attempt(msgspec.Struct, frozen=True):
    """One failed run of everything inside `retry`: on which account, and why."""

    account: str | None
    error: GatewayError


class EventStream:
    """A streamed answer: pieces of bytes, and whether the last one was handed out."""

    pieces: AsyncGenerator[bytes, None]

    def __init__(self, *, keep_alive: float, fail: Callable[[GatewayError], bytes]) -> None:
        self.keep_alive = keep_alive
        """Seconds of silence after which the door sends a ping; 0 for never."""
        self.fail = fail
        """Writes an in-stream error, for the door to send when the stream must end early."""
        self.ended = False


class NothingSent(BaseException):
    """The end of a flow that is `dry`: what would have been sent. No `except Exception` is meant.

    It is no fault, and no stage should answer in its place.
    """

    def __init__(self, composed: Composed, shape: Shape) -> None:
        super().__init__("nothing is sent")
        self.composed = composed
        self.shape = shape


class GatewayFlow(Flow):
    """One request and its answer."""

    given: ClassVar[frozenset[str]] = frozenset({"request", "protocol"})

    request: Slot[RawRequest] = Slot()
    protocol: Slot[ClientProtocol] = Slot()
    caller: Slot[Caller] = Slot()
    conversation: Slot[Conversation] = Slot()
    delivery: Slot[Delivery] = Slot()
    target: Slot[Target] = Slot()
    attempts: Slot[list[Attempt]] = Slot()
    account: Slot[Lease] = Slot()
    events: Slot[AsyncIterator[Batch[ReplyEvent]]] = Slot()
    response: Slot[Body | EventStream] = Slot()

    dry: bool = False
    """Whether to show only what would be done: nothing may be sent, fetched, leased or kept."""
    watched: bool = False
    """Whether somebody reads the notes, so that it pays to find out what is for them alone."""
    emulated: tuple[str, ...] = ()
    """What was asked and is not Kiro's to keep, but ours, as clients call it."""
    shorten: (
        Callable[[AsyncIterator[Batch[ReplyEvent]]], AsyncIterator[Batch[ReplyEvent]]] | None
    ) = None
    """May end a reply early: whoever reads one whole reads it through this."""
    held: bool = False
    """Whether a streamed reply, too, is read whole before any of it is passed on."""
    failure: GatewayError | None = None
    """Why the reply broke off after it had begun, or why there is none."""
    usage: Usage | None = None
    """What the reply cost, once it is complete."""
    calls: int = 0
    """How often Kiro was called for it, searches of the web among them."""
    max_calls: int = sys.maxsize
    _estimate: tuple[Conversation, Target, Estimate] | None = None

    def spend_call(self) -> None:
        """Count a call to Kiro that is to be made; raises CallsSpent where it may not be."""
        if self.calls >= self.max_calls:
            self.note("kiro", f"called {self.calls} times for this request: not called again")
            raise CallsSpent(
                f"Kiro was called {self.calls} times for this one request, which is all that"
                " max-calls of [upstream] allows, and there is no answer yet."
            )
        self.calls += 1

    def estimate(self) -> Estimate:
        """Estimate the input for the target, once, unless a stage has changed either since."""
        known = self._estimate
        if known is None or known[0] is not self.conversation or known[1] is not self.target:
            estimate = estimated(self.conversation, family_of(self.target.model.id))
            known = self._estimate = self.conversation, self.target, estimate
        return known[2]

    @property
    def log(self) -> "Logger":
        """The log, with this flow's id on every line."""
        return loguru.logger.bind(flow=self.id)

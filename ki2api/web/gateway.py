"""What the routes share: the chain, the keys, the accounts, the models and the open answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import time

import msgspec

from ki2api.accounts.pool import AccountPool
from ki2api.conversation import Conversation
from ki2api.estimate import conversation_tokens, family_of
from ki2api.estimate.calibration import Calibration
from ki2api.flow import GatewayFlow
from ki2api.keys import KeyRing
from ki2api.models import Catalogue
from ki2api.protocols import ClientProtocol, RawRequest
from ki2api.shelf import Shelf
from ki2api.web.headers import answer_headers, public_id
from ki2api.web.origin import Neighbourhood
from ki2api.web.places import Places, Room
from ki2api.web.response import FlowResponse, OpenAnswers
from pipeline import Chain

GATEWAY = "ki2api_gateway"
"""Where in the ASGI state of a request the gateway stands that serves it."""


class Limits(msgspec.Struct, frozen=True):
    """What the door lets in, and how long it waits."""

    max_body: int = 32 * 1024 * 1024
    """Bytes."""
    hold_back: float = 10.0
    """Seconds that a stream's status is held back for."""
    stage_seconds: float = 300.0
    """Seconds that a request may wait at one place in a stage of one's own; 0 for ever."""
    max_calls: int = 30
    """Calls to Kiro for one request."""
    room: Room = Room()


def _nothing() -> str:
    return ""


@dataclass(kw_only=True)
class Gateway:
    """One running gateway, as the routes see it; newer settings make another one."""

    chain: Chain[GatewayFlow]
    pool: AccountPool
    keys: KeyRing
    models: Catalogue
    neighbourhood: Neighbourhood
    limits: Limits
    clock: Callable[[], float] = time
    answers: OpenAnswers = field(default_factory=OpenAnswers)
    calibration: Calibration = field(default_factory=Calibration)
    shelf: Shelf = field(default_factory=Shelf)
    places: Places = field(default_factory=Places)
    fault: Callable[[], str] = _nothing
    """Says why newer settings are not in force, or nothing."""
    watched: bool = False
    """Whether the log tells what stages note of each request."""
    draining: Callable[[], bool] = bool
    """Says whether the server is about to end."""

    def answer(self, request: RawRequest, protocol: ClientProtocol) -> FlowResponse:
        """Make the response that runs a new flow through the chain."""
        flow = GatewayFlow(
            public_id(request.id),
            request=request,
            protocol=protocol,
            max_calls=self.limits.max_calls,
            watched=self.watched,
        )
        return FlowResponse(
            flow,
            self.chain,
            self.answers,
            hold_back=self.limits.hold_back,
            headers=self.headers(request.id),
        )

    def count(self, conversation: Conversation) -> int:
        """Estimate the input tokens of a request, in the measure of its model.

        Kiro's own prompt is left out: clients count piece by piece. Raises UnknownModel.
        """
        model = self.models.find(conversation.model).model
        tokens = conversation_tokens(conversation, family_of(model.id))
        return round(self.calibration.of(model.id).factor * tokens)

    def headers(self, request_id: str) -> dict[str, str]:
        """Return what every answer carries."""
        return answer_headers(request_id, default_key=self.keys.default_active)

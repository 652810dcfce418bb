"""The ids a conversation has upstream: stable while all goes well, fresh after a failure.

Kiro refuses ids that come again after a request of theirs had failed (docs/kiro.md §3.2: 137 of
137 resends answered "Improperly formed request.", production data of 2026-09).
"""

import asyncio
from collections import OrderedDict
from secrets import token_hex
from types import TracebackType

from ki2api.conversation import Conversation
from ki2api.errors import CallerError, GatewayError
from ki2api.flow import GatewayFlow
from ki2api.kiro.compose import Ids, ids_of

REMEMBERED = 10_000
"""Conversations whose ids were burnt; the oldest are forgotten first."""


class Identities:
    """Gives each conversation its ids, and fresh ones once its old ones are burnt.

    Another process gives others: it cannot know which ones this one has burnt.
    """

    def __init__(self) -> None:
        self._own_salt = token_hex(8)
        self._salts: OrderedDict[str, str] = OrderedDict()

    def of(self, conversation: Conversation) -> Ids:
        """Return the ids to use now."""
        ids = ids_of(conversation, self._own_salt)
        salt = self._salts.get(ids.conversation)
        return ids if salt is None else ids_of(conversation, salt)

    def in_use(self, flow: GatewayFlow) -> "InUse":
        """Burn the ids of a flow's conversation when its attempt, or its reply later, fails.

        So does one that is cut off before it was answered: nobody knows what Kiro made of it.
        """
        return InUse(self, flow)

    def burn(self, conversation: Conversation) -> None:
        """Never use the present ids of this conversation again."""
        self._salts[ids_of(conversation, self._own_salt).conversation] = token_hex(8)
        if len(self._salts) > REMEMBERED:
            self._salts.popitem(last=False)


class InUse:
    """The ids of a flow's conversation, while its attempt and its reply last."""

    def __init__(self, identities: Identities, flow: GatewayFlow) -> None:
        self._identities = identities
        self._flow = flow
        self._conversation = flow.conversation
        """As it is put to Kiro: stages outside may put back what the client had asked."""

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if isinstance(error, CallerError):
            return
        failed = isinstance(error, GatewayError | asyncio.CancelledError)
        if failed or (error is None and self._flow.failure is not None):
            self._identities.burn(self._conversation)

"""The ids a conversation has upstream: stable while all goes well, fresh after a failure.

Kiro refuses ids that come again after a request of theirs had failed (docs/kiro.md §3.2: 137 of
137 resends answered "Improperly formed request.", production data of 2026-09).
"""

import asyncio
from collections import OrderedDict
from functools import partial
from secrets import token_hex

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

    def use(self, flow: GatewayFlow) -> None:
        """Burn the ids of a flow's conversation when its attempt, or its reply later, fails.

        So does one that is cut off before it was answered: nobody knows what Kiro made of it.
        """
        # As it is put to Kiro: stages outside may put back what the client had asked.
        flow.when_left(partial(self._used, flow, flow.conversation))

    def _used(
        self, flow: GatewayFlow, conversation: Conversation, error: BaseException | None
    ) -> None:
        if isinstance(error, CallerError):
            return
        failed = isinstance(error, GatewayError | asyncio.CancelledError)
        if failed or (error is None and flow.failure is not None):
            self.burn(conversation)

    def burn(self, conversation: Conversation) -> None:
        """Never use the present ids of this conversation again."""
        self._salts[ids_of(conversation, self._own_salt).conversation] = token_hex(8)
        if len(self._salts) > REMEMBERED:
            self._salts.popitem(last=False)

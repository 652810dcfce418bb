"""The ids a conversation has upstream: stable while all goes well, fresh after a failure.

Kiro refuses ids that come again after a request of theirs had failed (docs/kiro.md §3.2: 137 of
137 resends answered "Improperly formed request.", production data of 2026-09).
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
        salt = self._salts.get(ids_of(conversation).conversation, self._own_salt)
        return ids_of(conversation, salt)

    @asynccontextmanager
    async def in_use(self, flow: GatewayFlow) -> AsyncIterator[None]:
        """Burn the ids of a flow's conversation when its attempt, or its reply later, fails.

        So does one that is cut off before it was answered: nobody knows what Kiro made of it.
        """
        conversation = flow.conversation  # stages outside may put back what the client had asked
        try:
            yield
        except CallerError:
            raise
        except (GatewayError, asyncio.CancelledError):
            self.burn(conversation)
            raise
        else:
            if flow.failure is not None:
                self.burn(conversation)

    def burn(self, conversation: Conversation) -> None:
        """Never use the present ids of this conversation again."""
        self._salts[ids_of(conversation).conversation] = token_hex(8)
        if len(self._salts) > REMEMBERED:
            self._salts.popitem(last=False)

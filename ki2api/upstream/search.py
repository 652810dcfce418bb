"""Searches the web at Kiro, at the host that serves the account (docs/kiro.md §6.4)."""

import asyncio
import time
from collections.abc import Callable
from secrets import choice

from ki2api.accounts.companion import Access
from ki2api.conversation import WebPage
from ki2api.errors import UpstreamGarbled, UpstreamTimeout
from ki2api.kiro.search import read_pages, search_call, search_id
from ki2api.transport import Clients
from ki2api.upstream.caller import Caller
from ki2api.upstream.client import UpstreamOptions
from ki2api.upstream.hosts import Hosts

ANSWER_LIMIT = 1024 * 1024
"""Bytes; a page of results has some thousand."""


class WebSearcher:
    """Puts searches to Kiro; each has `search_seconds` in all."""

    def __init__(
        self,
        clients: Clients,
        hosts: Hosts,
        options: UpstreamOptions,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` gives Unix seconds."""
        self._caller = Caller(clients, options.user_agent)
        self._hosts = hosts
        self._options = options
        self._clock = clock

    async def search(self, access: Access, query: str) -> tuple[WebPage, ...]:
        """Return the pages that Kiro finds; raises GatewayError."""
        call_id = search_id(int(self._clock() * 1_000), choice)
        call = search_call(self._options.binding, query, call_id, access.profile_arn)

        async def told(url: str) -> bytes:
            async with await self._caller.put(url, call, access) as exchange:
                return await exchange.read_upto(ANSWER_LIMIT)

        try:
            async with asyncio.timeout(self._options.search_seconds):
                body = await self._hosts.reach("runtime", access, told)
        except TimeoutError as error:
            raise UpstreamTimeout("Kiro did not answer a search in time.") from error
        if len(body) >= ANSWER_LIMIT:
            raise UpstreamGarbled("Kiro's answer to a search is too long to be one.")
        return read_pages(body)

"""What the accounts ask of Kiro and of the places they come from, put by the settings in force."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

import loguru

from ki2api.accounts.account import Credential
from ki2api.accounts.companion import Access, PlanUsage
from ki2api.accounts.signin import Tokens
from ki2api.accounts.sources import look
from ki2api.accounts.writeback import WriteBackFailed, write_back
from ki2api.models import Model
from ki2api.reload.ways import Ways
from pipeline import Secret


class Questions:
    """Puts each question by the ways that are open when it is asked, and keeps them open meanwhile.

    A refresh that is under way while the settings change must not lose its connection: the token
    that comes back over it may be the only one that still works.
    """

    def __init__(self, ways: Callable[[], AbstractContextManager[Ways]]) -> None:
        self._ways = ways

    async def refresh(self, credential: Credential, refresh_token: Secret) -> Tokens:
        with self._ways() as ways:
            return await ways.refresher.refresh(credential, refresh_token)

    async def profiles(self, access: Access) -> tuple[str, ...]:
        with self._ways() as ways:
            return await ways.companion.profiles(access)

    async def models(self, access: Access) -> tuple[Model, ...]:
        with self._ways() as ways:
            return await ways.companion.models(access)

    async def usage(self, access: Access, *, with_email: bool = False) -> PlanUsage:
        with self._ways() as ways:
            return await ways.companion.usage(access, with_email=with_email)

    async def look(self, credential: Credential) -> Credential | None:
        """Look again where a credential was found; None where nothing else stands there now.

        Whatever goes wrong with a look, the tokens that we have may still be good.
        """
        with self._ways() as ways:
            try:
                return await look(credential, ways.find)
            except Exception as error:  # noqa: BLE001 - see above
                told = "account {}: it cannot be looked for again"
                loguru.logger.opt(exception=error).error(told, credential.name)
                return None

    async def write_back(self, credential: Credential, sent: Secret, tokens: Tokens) -> None:
        """Put rotated tokens into the file they came from, where a person wants that."""
        if credential.origin is None or not credential.origin.write_back:
            return
        try:
            await asyncio.to_thread(write_back, credential.origin, sent, tokens)
        except WriteBackFailed as error:
            loguru.logger.warning("account {}: {}", credential.name, error)

"""A second look at where a credential lies: its owner may have renewed it meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import structs

from ki2api.accounts.account import Credential
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.search import Found
from pipeline.errors import SettingsError

_PAUSES = (0.05, 0.2, 0.5)  # seconds: a file that is just being written is whole soon


async def look(
    credential: Credential,
    find_again: Callable[[], Found],
    *,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Credential | None:
    """Return the credential that now stands in the place of this one, None if it is the same.

    One that is gone was not replaced: what another place holds instead is another account.

    `find_again` may block and may raise AccountsUnreadable, or SettingsError where a table of the
    settings names the file: then the old one stays in force.
    """
    found = await _readable(find_again, pause)
    now = _counterpart(credential, found)
    return now if now and _is_newer(now, credential) else None


async def _readable(
    find_again: Callable[[], Found], pause: Callable[[float], Awaitable[None]]
) -> Found:
    for seconds in (*_PAUSES, None):
        try:
            return await asyncio.to_thread(find_again)
        except (AccountsUnreadable, SettingsError):
            if seconds is not None:
                await pause(seconds)
    return Found()


def _counterpart(credential: Credential, found: Found) -> Credential | None:
    """Return the same login of the same place, or the one that has its name or its file there."""
    here = [now for now in found.credentials if now.source == credential.source]
    same = [now for now in here if now.fingerprint == credential.fingerprint]
    heirs = [now for now in here if credential.slot and now.slot == credential.slot]
    for now in same + heirs:
        return structs.replace(now, name=credential.name, named=credential.named)
    return None


def _is_newer(now: Credential, before: Credential) -> bool:
    if now.fingerprint != before.fingerprint:
        return True
    later = (now.expires_at or 0.0) > (before.expires_at or 0.0)
    return later and now.access_token != before.access_token

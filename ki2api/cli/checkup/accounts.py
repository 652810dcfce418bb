"""Whether each account works: its token, its profile, its models and its plan."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime

from msgspec.structs import replace

from ki2api.accounts.account import AccountStatus, Credential
from ki2api.accounts.lease import Wish
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.signin import RefreshFailed, Tokens
from ki2api.accounts.sources import Found
from ki2api.accounts.statefile import StateUnreadable
from ki2api.app import lasting
from ki2api.cli.checkup.finding import Finding
from ki2api.cli.checkup.standing import LEFT_ALONE, all_rest, listed, told, used
from ki2api.cli.checkup.state import unkept
from ki2api.errors import GatewayError
from ki2api.reload.questions import Questions
from ki2api.reload.ways import Ways
from ki2api.settings import Loaded
from pipeline import Secret


async def look_at_accounts(
    loaded: Loaded, credentials: Sequence[Credential], ways: Ways
) -> AsyncIterator[Finding]:
    """Ask for every account, with the state that a gateway would go on from."""
    try:
        async with _opened(loaded, credentials, ways) as checkup:
            for credential in credentials:
                async for finding in checkup.look_at(credential):
                    yield finding
            for finding in all_rest(checkup.pool.breaker_remaining()):
                yield finding
    except StateUnreadable as error:
        yield Finding("State", "bad", str(error))


@asynccontextmanager
async def _opened(
    loaded: Loaded, credentials: Sequence[Credential], ways: Ways
) -> AsyncIterator["_Checkup"]:
    path = loaded.settings.state.path
    questions = _Careful(ways, path)
    if unkept(path):  # a file that is not right is left as it is
        settings = replace(loaded.settings, state=replace(loaded.settings.state, path=""))
        loaded = replace(loaded, settings=settings)
    pool = lasting(loaded, Found("", tuple(credentials)), questions).pool
    await pool.start()
    questions.degraded = pool.degraded
    try:
        yield _Checkup(pool, questions, ways)
    finally:
        await pool.stop()


class _Careful(Questions):
    """Spends no refresh token whose successor could not be kept: that would cost a login."""

    def __init__(self, ways: Ways, path: str) -> None:
        super().__init__(lambda: nullcontext(ways))
        self._path = path
        self.degraded = ""

    @property
    def unkept(self) -> str:
        """Why nothing could be kept now, or nothing."""
        return self.degraded or unkept(self._path)

    async def refresh(self, credential: Credential, refresh_token: Secret) -> Tokens:
        if why := self.unkept:
            raise RefreshFailed(f"is not asked: nothing could be kept, for {why}")
        return await super().refresh(credential, refresh_token)


class _Checkup:
    """Looks at accounts one after another, and asks nothing for those that must be left alone."""

    def __init__(self, pool: AccountPool, questions: _Careful, ways: Ways) -> None:
        self.pool = pool
        self._questions = questions
        self._ways = ways

    async def look_at(self, credential: Credential) -> AsyncIterator[Finding]:
        name = credential.name
        failure = unkept = ""
        if self._is_to_be_renewed(credential):
            unkept = self._questions.unkept
            failure = "" if unkept else await self.pool.refresh(name)
        status = self._status(name)
        for finding in told(status, failure):
            yield finding
        if unkept:
            text = f"{name}: not refreshed: nothing could be kept, for {unkept}"
            yield Finding("Accounts", "note", text)
        has_token = credential.kind == "api-key" or _works(status)
        if has_token and not failure and self._may_be_asked(status):
            yield await self._models(name)
            yield used(name, (await self.pool.usages(name))[name])

    def _is_to_be_renewed(self, credential: Credential) -> bool:
        """Tell whether to renew a token, also one that works, to see that this works too.

        Where a program owns a login that works, it is left to that: it would have to log in anew.
        """
        status = self._status(credential.name)
        if credential.kind == "api-key" or (credential.origin and _works(status)):
            return False
        return status.state == "needs-login" or self._may_be_asked(status)

    def _may_be_asked(self, status: AccountStatus) -> bool:
        return status.state not in LEFT_ALONE and not self.pool.breaker_remaining()

    def _status(self, name: str) -> AccountStatus:
        return next(each for each in self.pool.statuses() if each.name == name)

    async def _models(self, name: str) -> Finding:
        others = [each for each in self.pool.names() if each != name]
        try:
            lease = await self.pool.lease(Wish(never=others))
        except GatewayError as error:
            text = f"{name}: not asked for its models: {error.detail}"
            return Finding("Accounts", "note", text)
        try:
            models = await self._ways.companion.models(lease)
        except GatewayError as error:
            self.pool.release(lease, error)
            return Finding("Accounts", "bad", f"{name}: no list of models: {error.detail}")
        self.pool.release(lease, None, served=False)
        return listed(name, len(models), lease.profile_arn, serves=True)


def _works(status: AccountStatus) -> bool:
    expires = status.token_expires_at
    return expires is not None and expires > datetime.now().astimezone().timestamp()

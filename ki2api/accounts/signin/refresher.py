"""New access tokens for refresh tokens, whatever kind of login they came from."""

from collections.abc import Callable

from ki2api.accounts.account import Credential
from ki2api.accounts.clock import steady_time
from ki2api.accounts.signin import external, oidc, social
from ki2api.accounts.signin.answers import read_tokens
from ki2api.accounts.signin.asking import BUDGET, Unreachable, ask
from ki2api.accounts.signin.exchange import NeedsLogin, Question, RefreshFailed, Tokens
from ki2api.transport import Clients
from pipeline.secret import Secret

_HALF_A_LOGIN = (
    " (if it is of Builder ID or Identity Center, its clientId and clientSecret are missing here)"
)


class Refresher:
    """Asks the sign-in services, each account by its own way out of this machine.

    `auth_url` and `oidc_url` are templates with {region}; `budget` is in seconds, for a refresh as
    a whole.
    """

    def __init__(
        self,
        clients: Clients,
        *,
        auth_url: str,
        oidc_url: str,
        clock: Callable[[], float] = steady_time,
        budget: float = BUDGET,
    ) -> None:
        self._clients = clients
        self._auth_url = auth_url
        self._oidc_url = oidc_url
        self._clock = clock
        self._budget = budget

    async def refresh(self, credential: Credential, refresh_token: Secret) -> Tokens:
        """Exchange the refresh token; raises NeedsLogin (final) or RefreshFailed (transient)."""
        client = self._clients.of(credential.proxy)
        question = self._question(credential, refresh_token)
        try:
            answer = await ask(
                client,
                question,
                clock=self._clock,
                budget=self._budget,
                proxy=self._clients.proxy_of(credential.proxy),
            )
        except Unreachable as error:
            raise RefreshFailed(str(error)) from error
        # What a program keeps has an access token beside it.
        by_hand = not (credential.origin or credential.access_token)
        copied = by_hand and refresh_token == credential.refresh_token
        try:
            return read_tokens(answer, snake=credential.kind == "external-idp", copied=copied)
        except NeedsLogin as error:
            # Who has only a token is taken for a social login, which it may not be (§1.11).
            if credential.kind == "social" and not credential.provider:
                raise NeedsLogin(f"{error}{_HALF_A_LOGIN}") from None
            raise

    def _question(self, credential: Credential, refresh_token: Secret) -> Question:
        match credential.kind:
            case "social":
                url = in_region(self._auth_url, credential.region)
                return social.refresh_question(url, refresh_token)
            case "external-idp":
                return external.refresh_question(credential, refresh_token)
            case _:
                url = in_region(self._oidc_url, credential.region)
                return oidc.refresh_question(url, credential, refresh_token)


def in_region(url: str, region: str) -> str:
    """Fill the region into the template of a service's address."""
    return url.replace("{region}", region).rstrip("/")

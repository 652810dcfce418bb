import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from msgspec.structs import replace

from ki2api.accounts.account import Credential
from ki2api.accounts.signin import NeedsLogin, Refresher, RefreshFailed
from ki2api.transport import Clients
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0
SOCIAL = Credential("a", "social")
OIDC = Credential("b", "oidc", client_id="id", client_secret=Secret("s"), region="eu-west-1")
EXTERNAL = Credential(
    "c",
    "external-idp",
    client_id="id",
    token_endpoint="https://login.test/tenant/token",
    scopes="api://kiro/a offline_access",
)
SENT = Secret("sent")


async def test_a_social_login_asks_the_desktop_service(refresher: Refresher, services: Any) -> None:
    tokens = await refresher.refresh(SOCIAL, SENT)

    assert services.last.url == "https://auth.us-east-1.test/refreshToken"
    assert services.asked == {"refreshToken": "sent"}
    assert services.last.headers["user-agent"].startswith("KiroIDE-")
    assert (tokens.access, tokens.refresh) == (Secret("access"), Secret("next"))
    assert tokens.expires_at == NOON + 900


async def test_an_oidc_login_asks_the_service_of_its_region_as_an_sdk_would(
    refresher: Refresher, services: Any
) -> None:
    await refresher.refresh(OIDC, SENT)

    headers = services.last.headers
    assert services.last.url == "https://oidc.eu-west-1.test/token"
    assert services.asked == {
        "clientId": "id",
        "clientSecret": "s",
        "refreshToken": "sent",
        "grantType": "refresh_token",
    }
    assert headers["x-amz-user-agent"] == "aws-sdk-js/3.980.0 KiroIDE"
    assert "api/sso-oidc#3.980.0" in headers["user-agent"]
    assert headers["amz-sdk-request"] == "attempt=1; max=1"
    first = headers["amz-sdk-invocation-id"]
    await refresher.refresh(OIDC, SENT)
    assert services.last.headers["amz-sdk-invocation-id"] != first


async def test_every_question_ends_in_our_own_name(refresher: Refresher, services: Any) -> None:
    for credential in (SOCIAL, OIDC):
        await refresher.refresh(credential, SENT)
        assert " ki2api/" in services.last.headers["user-agent"]


async def test_a_missing_client_secret_is_sent_as_empty(
    refresher: Refresher, services: Any
) -> None:
    await refresher.refresh(replace(OIDC, client_secret=None), SENT)

    assert services.asked["clientSecret"] == ""


async def test_an_external_provider_is_asked_by_a_form_and_answers_in_snake_case(
    refresher: Refresher, services: Any
) -> None:
    services.answer = httpx.Response(
        200, json={"access_token": "access", "refresh_token": "next", "expires_in": 60}
    )

    tokens = await refresher.refresh(EXTERNAL, Secret("se+nt&"))

    assert services.last.url == "https://login.test/tenant/token"
    assert services.last.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(services.last.content.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["id"],
        "refresh_token": ["se+nt&"],
        "scope": ["api://kiro/a offline_access"],
    }
    assert (tokens.access, tokens.refresh) == (Secret("access"), Secret("next"))
    assert tokens.expires_at == NOON + 60


async def test_an_account_goes_out_by_its_own_proxy(
    refresher: Refresher, proxies: list[str | None]
) -> None:
    await refresher.refresh(SOCIAL, SENT)
    await refresher.refresh(replace(SOCIAL, proxy=Secret("http://me:pass@proxy.test")), SENT)

    assert proxies == [None, "http://me:pass@proxy.test"]


async def test_a_service_that_cannot_be_reached_is_a_transient_fault(
    refresher: Refresher, services: Any
) -> None:
    services.answer = httpx.ConnectError("no route for sent-token")

    with pytest.raises(RefreshFailed) as failed:
        await refresher.refresh(OIDC, SENT)
    assert str(failed.value) == "oidc.eu-west-1.test cannot be reached (ConnectError)"


async def test_a_service_that_does_not_answer_within_the_budget_is_given_up() -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    clients = Clients(lambda _: Silent(), None)
    refresher = Refresher(clients, auth_url="https://a", oidc_url="https://o", budget=0)

    with pytest.raises(RefreshFailed, match="TimeoutError"):
        await refresher.refresh(OIDC, SENT)


async def test_a_redirect_is_not_followed(refresher: Refresher, services: Any) -> None:
    services.answer = httpx.Response(307, headers={"location": "https://evil.test/"})

    with pytest.raises(RefreshFailed, match="answered 307"):
        await refresher.refresh(OIDC, SENT)
    assert len(services.requests) == 1


async def test_a_dead_token_of_nobody_knows_which_login_names_what_may_be_missing(
    refresher: Refresher, services: Any
) -> None:
    services.answer = httpx.Response(400, json={"message": "Invalid refresh token provided"})

    with pytest.raises(NeedsLogin, match=r"not valid any more .*clientId and clientSecret"):
        await refresher.refresh(SOCIAL, SENT)
    with pytest.raises(NeedsLogin) as google:
        await refresher.refresh(replace(SOCIAL, provider="Google"), SENT)
    assert str(google.value) == "the refresh token is not valid any more"
    with pytest.raises(NeedsLogin) as oidc:
        await refresher.refresh(OIDC, SENT)
    assert str(oidc.value) == "the refresh token is not valid any more"


async def test_no_secret_shows_in_a_question_or_an_answer(refresher: Refresher) -> None:
    tokens = await refresher.refresh(OIDC, SENT)

    assert "access" not in repr(tokens).replace("access=", "")
    assert "next" not in repr(tokens)


async def test_a_token_that_a_person_copied_may_be_half_a_token(
    refresher: Refresher, services: Any
) -> None:
    services.answer = httpx.Response(400, json={"message": "Invalid refresh token provided"})
    copied = replace(SOCIAL, provider="Google", refresh_token=SENT, access_token=None)

    with pytest.raises(NeedsLogin) as dead:
        await refresher.refresh(copied, SENT)
    assert str(dead.value) == "the refresh token is not valid, or was not copied as a whole"
    with pytest.raises(NeedsLogin, match="not valid any more"):
        await refresher.refresh(replace(copied, access_token=Secret("a")), SENT)


async def test_a_proxy_that_fails_is_named_beside_the_service(
    clients: Clients, services: Any
) -> None:
    services.answer = httpx.ConnectError("refused")
    refresher = Refresher(clients, auth_url="https://a.test", oidc_url="https://o.test")
    own = replace(SOCIAL, proxy=Secret("http://me:hush@proxy.test:3128"))

    with pytest.raises(RefreshFailed) as failed:
        await refresher.refresh(own, SENT)
    assert str(failed.value) == (
        "a.test cannot be reached: the proxy proxy.test:3128 cannot be reached"
    )


class Pieces(httpx.AsyncByteStream):
    """A body that comes in pieces and has no end; it counts what was taken of it."""

    def __init__(self) -> None:
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.taken += 1
            yield b"x" * 1024


async def test_an_answer_without_an_end_is_given_up_and_not_kept(
    refresher: Refresher, services: Any
) -> None:
    for status in (200, 400):
        endless = Pieces()
        services.answer = httpx.Response(status, stream=endless)

        with pytest.raises(RefreshFailed, match=r"oidc\.eu-west-1\.test gave .* too long"):
            await refresher.refresh(OIDC, SENT)
        assert endless.taken == 65


async def test_an_answer_that_unfolds_is_not_unfolded(refresher: Refresher, services: Any) -> None:
    endless = Pieces()
    services.answer = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=endless)

    with pytest.raises(RefreshFailed, match="compression"):
        await refresher.refresh(OIDC, SENT)
    assert services.last.headers["accept-encoding"] == "identity"
    assert endless.taken == 0


async def test_an_answer_that_stops_midway_ends_with_the_budget() -> None:
    class Stalled(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Stalled())

    transport = httpx.MockTransport(answer)
    clients = Clients(lambda _: transport, None)
    refresher = Refresher(clients, auth_url="https://a", oidc_url="https://o", budget=0.01)

    with pytest.raises(RefreshFailed, match="TimeoutError"):
        await refresher.refresh(OIDC, SENT)

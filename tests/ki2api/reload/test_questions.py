"""What the accounts ask, put by the ways that are open at that moment."""

from contextlib import nullcontext
from pathlib import Path

import httpx
import msgspec
import pytest

from ki2api.accounts.account import Credential, Origin
from ki2api.accounts.companion import Access
from ki2api.accounts.signin import Tokens
from ki2api.accounts.sources import Found
from ki2api.errors import GatewayError
from ki2api.reload.questions import Questions
from ki2api.reload.ways import Ways, ways_of
from ki2api.settings import UpstreamSettings
from pipeline import Secret

pytestmark = pytest.mark.anyio

SENT, NEW = Secret("old-token"), Secret("new-token")
TOKENS = Tokens(access=Secret("access"), refresh=NEW, expires_at=1_800_000_000.0)


def credential(origin: Origin | None = None, token: Secret = SENT) -> Credential:
    return Credential(name="me", kind="social", refresh_token=token, origin=origin)


def questions(*found: Credential) -> Questions:
    upstream = UpstreamSettings(api_url="http://127.0.0.1:9", management_url="http://127.0.0.1:9")
    ways = ways_of(upstream, lambda: Found("", found))
    return Questions(lambda: nullcontext(ways))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "token.json"
    file.write_text(msgspec.json.encode({"refreshToken": SENT.reveal()}).decode())
    return file


async def test_rotated_tokens_are_written_back_only_where_a_person_wants_it(file: Path) -> None:
    for origin in (None, Origin(file)):
        await questions().write_back(credential(origin), SENT, TOKENS)
        assert "old-token" in file.read_text()
    await questions().write_back(credential(Origin(file, write_back=True)), SENT, TOKENS)
    assert "new-token" in file.read_text()


async def test_a_file_that_cannot_be_written_is_told_and_harms_no_refresh(
    tmp_path: Path, log: list[str]
) -> None:
    origin = Origin(tmp_path / "gone" / "token.json", write_back=True)
    await questions().write_back(credential(origin), SENT, TOKENS)
    assert "WARNING account me: " in log[-1]
    assert "cannot be written" in log[-1]
    assert "token-" not in log[-1]


async def test_a_second_look_finds_what_stands_there_now() -> None:
    now = credential(token=NEW)
    assert await questions(now).look(credential()) == now
    assert await questions(credential()).look(credential()) is None


async def test_a_look_that_fails_in_any_way_leaves_the_login_as_it_is(log: list[str]) -> None:
    def fail() -> Found:
        raise RecursionError

    ways = ways_of(UpstreamSettings(), fail)
    assert await Questions(lambda: nullcontext(ways)).look(credential()) is None
    assert "ERROR account me: it cannot be looked for again" in log[-1]


async def test_every_question_goes_out_by_the_ways_and_fails_as_they_do() -> None:
    asking, access = questions(), Access(name="me", token=Secret("x"), region="us-east-1")
    for ask in (asking.profiles, asking.models, asking.usage):
        with pytest.raises(GatewayError):
            await ask(access)


def test_the_ways_go_by_the_proxy_of_the_settings_and_close_idle_connections_early() -> None:
    ways: Ways = ways_of(UpstreamSettings(proxy=Secret("http://127.0.0.1:1")), Found)
    client = ways.clients.of()
    assert client is ways.clients.of()
    assert client is not ways.clients.of(Secret("http://127.0.0.1:2"))
    assert isinstance(client, httpx.AsyncClient)
    assert not client.trust_env
    assert client.timeout.connect == 5.0
    assert client.timeout.read is None

"""The port that a browser is sent back to."""

import asyncio

import httpx
import pytest

from ki2api.accounts.signin.exchange import LoginFailed
from ki2api.accounts.signin.loopback import Loopback

pytestmark = pytest.mark.anyio
CALLBACK = "/oauth/callback?code=c&state=s"


async def test_one_answer_is_taken_and_a_plain_page_given() -> None:
    async with Loopback((0,)) as loopback, httpx.AsyncClient(trust_env=False) as http:
        page = await http.get(loopback.base + CALLBACK)
        target = await loopback.arrival()

    assert target == CALLBACK
    assert page.status_code == 200
    assert "go back to the terminal" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "script" not in page.text


async def test_the_port_is_gone_afterwards() -> None:
    async with Loopback((0,)) as loopback:
        base = loopback.base
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(base + CALLBACK)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/favicon.ico"), ("GET", "/"), ("POST", "/oauth/callback")]
)
async def test_other_requests_find_nothing_and_do_not_end_the_waiting(
    method: str, path: str
) -> None:
    async with Loopback((0,)) as loopback, httpx.AsyncClient(trust_env=False) as http:
        nothing = await http.request(method, loopback.base + path)
        await http.get(loopback.base + CALLBACK)

        assert nothing.status_code == 404
        assert await loopback.arrival() == CALLBACK


async def test_callers_that_speak_no_http_do_no_harm() -> None:
    async with Loopback((0,)) as loopback:
        port = int(loopback.base.rpartition(":")[2])
        for said in (b"", b"GET", b"x" * 20_000):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            writer.close()
        async with httpx.AsyncClient(trust_env=False) as http:
            await http.get(loopback.base + CALLBACK)

        assert await loopback.arrival() == CALLBACK


async def test_a_spare_connection_that_says_nothing_holds_nobody_up() -> None:
    async with asyncio.timeout(5):
        async with Loopback((0,)) as loopback:
            port = int(loopback.base.rpartition(":")[2])
            _, spare = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0)
            loopback.deliver(CALLBACK)
            assert await loopback.arrival() == CALLBACK
        spare.close()
        await spare.wait_closed()


async def test_an_address_that_a_person_pastes_counts_as_well_but_only_the_first() -> None:
    async with Loopback((0,)) as loopback:
        loopback.deliver("pasted")
        loopback.deliver("again")

        assert await loopback.arrival() == "pasted"


async def test_a_port_that_is_taken_is_passed_over() -> None:
    async with Loopback((0,)) as first:
        taken = int(first.base.rpartition(":")[2])
        async with Loopback((taken, 0)) as second:
            assert second.base != first.base


async def test_nobody_is_waited_for_for_ever() -> None:
    async with Loopback((0,), patience=0) as loopback:
        with pytest.raises(LoginFailed, match="nobody came back"):
            await loopback.arrival()

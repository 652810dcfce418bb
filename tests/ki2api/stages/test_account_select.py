"""The account-select stage, with a pool that keeps a diary."""

from typing import Any, cast

import pytest

from ki2api.accounts.pool import AccountPool, Lease
from ki2api.errors import (
    AccountRefused,
    AccountSuspended,
    EmptyReply,
    GatewayError,
    RateLimited,
    TokenExpired,
    UpstreamDisconnected,
    UpstreamUnavailable,
)
from ki2api.flow import Attempt, GatewayFlow
from ki2api.models import Catalogue
from ki2api.stages.account_select import AccountSelect, AccountSelectConfig
from pipeline import Secret
from pipeline.testing import SpyEndpoint, build_flow, run_stage

pytestmark = pytest.mark.anyio


class Diary:
    """A pool that leases account `a`, and remembers what it was asked."""

    def __init__(self, *, renewable: bool = True) -> None:
        self.asked: list[tuple[set[str], set[str]]] = []
        self.released: list[BaseException | None] = []
        self.renewed = 0
        self._renewable = renewable

    async def lease(self, *, never: set[str], last: set[str]) -> Lease:
        self.asked.append((never, last))
        return Lease("a", Secret("token"), None, "", "us-east-1")

    def release(self, _: Lease, error: BaseException | None) -> None:
        self.released.append(error)

    async def renew(self, _: Lease) -> None:
        self.renewed += 1
        if not self._renewable:
            raise AccountRefused("needs a new login")


def flow_with(*attempts: Attempt) -> GatewayFlow:
    return build_flow(
        GatewayFlow, target=Catalogue().find("claude-sonnet-4.5"), attempts=list(attempts)
    )


async def run(diary: Diary, flow: GatewayFlow, *fails: Exception) -> SpyEndpoint:
    endpoint = SpyEndpoint(fails=fails)
    stage = AccountSelect(AccountSelectConfig(), cast("AccountPool", diary))
    async with flow.scope():
        await run_stage(stage, flow, cast("Any", endpoint))
    return endpoint


async def test_the_lease_lasts_as_long_as_the_flow() -> None:
    diary, flow = Diary(), flow_with()
    await run(diary, flow)
    assert flow.account.name == "a"
    assert diary.released == []
    await flow.aclose()
    assert diary.released == [None]


async def test_a_failure_gives_the_account_back_at_once_with_its_reason() -> None:
    diary, flow = Diary(), flow_with()
    error = RateLimited("slow down")
    with pytest.raises(RateLimited):
        await run(diary, flow, error)
    assert diary.released == [error]
    await flow.aclose()
    assert diary.released == [error]


async def test_a_reply_that_breaks_off_later_is_known_at_the_release() -> None:
    diary, flow = Diary(), flow_with()
    await run(diary, flow)
    flow.failure = UpstreamDisconnected("gone")
    await flow.aclose()
    assert diary.released == [flow.failure]


async def test_an_expired_token_is_renewed_and_the_request_repeated_once() -> None:
    diary, flow = Diary(), flow_with()
    endpoint = await run(diary, flow, TokenExpired("403"))
    assert diary.renewed == 1
    assert len(endpoint.flows) == 2
    assert diary.released == []


async def test_a_second_refusal_or_a_failed_renewal_ends_the_attempt() -> None:
    diary = Diary()
    with pytest.raises(TokenExpired, match="again"):
        await run(diary, flow_with(), TokenExpired("403"), TokenExpired("again"))
    assert [str(error) for error in diary.released] == ["again"]
    diary = Diary(renewable=False)
    with pytest.raises(AccountRefused):
        await run(diary, flow_with(), TokenExpired("403"))
    assert isinstance(diary.released[0], AccountRefused)


@pytest.mark.parametrize(
    ("past", "never", "last"),
    [
        ([("a", RateLimited("x"))], {"a"}, set()),
        ([("a", UpstreamUnavailable("x"))], set(), {"a"}),
        ([("a", UpstreamUnavailable("x")), ("a", UpstreamUnavailable("x"))], {"a"}, set()),
        ([("a", UpstreamUnavailable("x")), ("b", RateLimited("x"))], {"b"}, {"a"}),
        ([(None, UpstreamUnavailable("x"))], set(), set()),
        ([("a", EmptyReply("x"))], set(), {"a"}),
        ([("a", AccountSuspended("x"))], {"a"}, set()),
    ],
)
async def test_accounts_that_failed_are_not_or_last_asked_for(
    past: list[tuple[str | None, GatewayError]], never: set[str], last: set[str]
) -> None:
    diary = Diary()
    await run(diary, flow_with(*[Attempt(name, error) for name, error in past]))
    assert diary.asked == [(never, last)]


async def test_it_also_works_without_a_retry_stage() -> None:
    diary = Diary()
    flow = build_flow(GatewayFlow, target=Catalogue().find("claude-sonnet-4.5"))
    await run(diary, flow)
    assert diary.asked == [(set(), set())]

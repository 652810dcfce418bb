import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from ki2api.accounts.account import Credential
from ki2api.accounts.errands import Errands
from ki2api.accounts.inquiry import Inquiry, Manners
from ki2api.accounts.member import Member
from ki2api.errors import (
    AccountError,
    AccountRefused,
    AccountSuspended,
    GatewayError,
    QuotaSpent,
    RateLimited,
    TokenExpired,
    UpstreamUnavailable,
)

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0


class Asked:
    """Answers with its own count, or fails; a gate holds the answer back."""

    def __init__(self) -> None:
        self.count = 0
        self.fault: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, _: Member) -> int:
        self.count += 1
        number = self.count
        await self.gate.wait()
        if self.fault:
            raise self.fault
        return number


class House:
    """Objects to questions as the test wants it, and notes what it is told of refusals."""

    def __init__(self) -> None:
        self.objection = ""
        self.learned: list[tuple[str, GatewayError]] = []

    @property
    def manners(self) -> Manners:
        return Manners(
            lambda _: self.objection,
            lambda member, error: self.learned.append((member.name, error)),
        )


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def member() -> Member:
    return Member(Credential("a", "social"), 0, NOON, 0.0)


@pytest.fixture
def errands() -> Errands:
    return Errands()


@pytest.fixture
def inquiry(
    asked: Asked, clock: Callable[[], float], errands: Errands, house: House
) -> Inquiry[int]:
    return Inquiry(
        asked,
        fresh_seconds=100.0,
        rest_seconds=10.0,
        manners=house.manners,
        clock=clock,
        errands=errands,
    )


async def test_an_answer_is_kept_while_it_is_fresh(
    inquiry: Inquiry[int], member: Member, clock: Any
) -> None:
    assert inquiry.answers.get("a") is None
    assert [await inquiry.answer(member) for _ in range(3)] == [1, 1, 1]
    clock.now += 100
    assert await inquiry.answer(member) == 2
    assert inquiry.answers.get("a") == 2


async def test_all_who_ask_at_once_get_the_same_answer(
    inquiry: Inquiry[int], member: Member, asked: Asked
) -> None:
    assert await asyncio.gather(*(inquiry.answer(member) for _ in range(20))) == [1] * 20
    assert asked.count == 1


async def test_who_stops_waiting_does_not_stop_the_question(
    inquiry: Inquiry[int], member: Member, asked: Asked
) -> None:
    asked.gate.clear()
    async with asyncio.TaskGroup() as group:
        leaver = group.create_task(inquiry.answer(member))
        stayer = group.create_task(inquiry.answer(member))
        while not asked.count:
            await asyncio.sleep(0)
        leaver.cancel()
        await asyncio.sleep(0)
        asked.gate.set()

    assert (leaver.cancelled(), stayer.result(), asked.count) == (True, 1, 1)


async def test_a_failure_rests_and_then_the_question_is_put_again(
    inquiry: Inquiry[int], member: Member, asked: Asked, clock: Any
) -> None:
    asked.fault = UpstreamUnavailable("down")
    for _ in range(3):
        with pytest.raises(UpstreamUnavailable, match="down"):
            await inquiry.answer(member)
    assert asked.count == 1

    asked.fault = None
    clock.now += 10
    assert await inquiry.answer(member) == 2


async def test_each_failure_more_rests_twice_as_long_up_to_a_quarter_of_an_hour(
    inquiry: Inquiry[int], member: Member, asked: Asked, clock: Any
) -> None:
    asked.fault = UpstreamUnavailable("down")
    asked_at = []
    for _ in range(4_000):
        before = asked.count
        with pytest.raises(UpstreamUnavailable):
            await inquiry.answer(member)
        if asked.count > before:
            asked_at.append(clock.now)
        clock.now += 1

    pauses = [later - sooner for sooner, later in itertools.pairwise(asked_at)]
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 900, 900, 900]


async def test_an_old_answer_serves_when_no_new_one_comes(
    inquiry: Inquiry[int], member: Member, asked: Asked, clock: Any
) -> None:
    await inquiry.answer(member)
    clock.now += 100
    asked.fault = UpstreamUnavailable("down")

    assert [await inquiry.answer(member), inquiry.answers.get("a"), asked.count] == [1, 1, 2]


async def test_a_question_beside_the_requests_is_put_only_when_it_is_due(
    inquiry: Inquiry[int], member: Member, asked: Asked, errands: Errands
) -> None:
    for _ in range(3):
        inquiry.begin(member)
        await errands.finish()

    assert (inquiry.answers.get("a"), asked.count) == (1, 1)


async def test_an_outdated_answer_is_shown_until_the_new_one_is_there(
    inquiry: Inquiry[int], member: Member
) -> None:
    inquiry.outdate("a")
    await inquiry.answer(member)
    inquiry.outdate("a")

    assert inquiry.answers.get("a") == 1
    assert await inquiry.answer(member) == 2


async def test_an_answer_about_a_login_that_was_forgotten_meanwhile_is_dropped(
    inquiry: Inquiry[int], member: Member, asked: Asked
) -> None:
    asked.gate.clear()
    async with asyncio.TaskGroup() as group:
        early = group.create_task(_outcome(inquiry, member))
        while not asked.count:
            await asyncio.sleep(0)
        inquiry.forget("a")
        late = group.create_task(_outcome(inquiry, member))
        while asked.count < 2:
            await asyncio.sleep(0)
        asked.gate.set()

    assert inquiry.answers.get("a") == late.result() == 2
    assert early.result() in {2, "the account was forgotten meanwhile"}


async def test_an_account_that_is_forgotten_while_it_is_asked_has_no_answer(
    inquiry: Inquiry[int], member: Member, asked: Asked
) -> None:
    asked.gate.clear()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(_outcome(inquiry, member))
        while not asked.count:
            await asyncio.sleep(0)
        inquiry.forget("a")
        asked.gate.set()

    assert waiting.result() == "the account was forgotten meanwhile"
    assert inquiry.answers.get("a") is None


async def test_an_answer_is_forgotten_with_its_account(
    inquiry: Inquiry[int], member: Member
) -> None:
    await inquiry.answer(member)
    inquiry.forget("a")
    assert inquiry.answers == {}
    assert await inquiry.answer(member) == 2


async def test_a_mistake_of_ours_is_not_taken_for_an_answer(
    inquiry: Inquiry[int], member: Member, asked: Asked
) -> None:
    asked.fault = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await inquiry.answer(member)
    asked.fault = None

    assert await inquiry.answer(member) == 2


async def test_nothing_is_asked_while_there_is_an_objection_and_all_is_as_before_after_it(
    inquiry: Inquiry[int], member: Member, asked: Asked, errands: Errands, house: House
) -> None:
    house.objection = "not now"
    for _ in range(3):
        inquiry.begin(member)
        with pytest.raises(AccountRefused, match="not now"):
            await inquiry.answer(member)
    await errands.finish()
    assert asked.count == 0

    house.objection = ""
    assert await inquiry.answer(member) == 1


@pytest.mark.parametrize("kind", [AccountSuspended, RateLimited, QuotaSpent])
async def test_a_refusal_that_is_meant_for_the_account_is_learned_once(
    inquiry: Inquiry[int], member: Member, asked: Asked, house: House, kind: type[AccountError]
) -> None:
    asked.fault = kind("no")
    for _ in range(3):
        with pytest.raises(kind):
            await inquiry.answer(member)

    assert house.learned == [("a", asked.fault)]


@pytest.mark.parametrize("kind", [TokenExpired, AccountRefused, UpstreamUnavailable])
async def test_a_refusal_of_the_question_alone_is_not(
    inquiry: Inquiry[int], member: Member, asked: Asked, house: House, kind: type[GatewayError]
) -> None:
    asked.fault = kind("no")
    with pytest.raises(kind):
        await inquiry.answer(member)

    assert house.learned == []


async def test_a_question_that_failed_rests_longer_while_requests_fail_too(
    inquiry: Inquiry[int], member: Member, asked: Asked, clock: Any
) -> None:
    member.failed_last = True
    asked.fault = UpstreamUnavailable("down")
    for _ in range(200):
        with pytest.raises(UpstreamUnavailable):
            await inquiry.answer(member)
        clock.now += 1
    assert asked.count == 2

    clock.now += 20
    member.failed_last, asked.fault = False, None
    assert await inquiry.answer(member) == 3


async def _outcome(inquiry: Inquiry[int], member: Member) -> int | str:
    try:
        return await inquiry.answer(member)
    except GatewayError as error:
        return error.detail

"""What the pool learns of models and plans, and how requests are routed by it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ki2api.accounts.account import Credential
from ki2api.accounts.companion import PlanUsage
from ki2api.errors import (
    AccountSuspended,
    GatewayError,
    ModelNotOffered,
    QuotaSpent,
    RateLimited,
    TokenExpired,
    UpstreamUnavailable,
)
from ki2api.models import FALLBACK, Model

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0
DECEMBER = 1_764_547_200.0
OPUS, HAIKU, AUTO = Model("opus"), Model("haiku"), Model("auto")
MakePool = Callable[..., Any]
MakeCredential = Callable[..., Credential]


@pytest.fixture
def lasting(ready: MakeCredential) -> MakeCredential:
    return lambda name, **more: ready(name, expires_at=NOON + 1e9, **more)


async def test_the_models_of_an_account_are_asked_for_beside_its_requests_and_once_an_hour(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any, clock: Any
) -> None:
    kiro.lists = {"a": (OPUS,)}
    pool = make_pool(lasting("a"))
    for seconds in (0, 3599, 1):
        clock.now += seconds
        await pool.turns(3)
        await pool.rest()

    assert kiro.count("models") == 2


async def test_a_request_does_not_wait_for_the_models(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.gates["models"].clear()
    pool = make_pool(lasting("a"))

    assert await pool.turns(3) == "aaa"
    await pool.stop(0.0)
    assert kiro.count("models") == 1


async def test_a_model_goes_only_to_accounts_that_list_it(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.lists = {"a": (OPUS, HAIKU), "b": (HAIKU,)}
    pool = make_pool(lasting("a"), lasting("b"), lasting("c"))
    await pool.learn_models()

    assert await pool.turns(4, model="opus") == "acac"
    assert set(await pool.turns(6, model="haiku")) == set("abc")
    assert "b: its plan does not list opus" in await pool.complaint(model="opus", never={"a", "c"})


async def test_a_model_that_no_list_has_passes_to_all(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.lists = {"a": (OPUS,), "b": (OPUS,)}
    pool = make_pool(lasting("a"), lasting("b"))
    await pool.learn_models()

    assert await pool.turns(2, model="brand-new") == "ab"


async def test_a_model_that_is_listed_nowhere_and_refused_everywhere_is_not_offered(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.lists = {"a": (OPUS,), "b": (OPUS,)}
    pool = make_pool(lasting("a"), lasting("b"))
    await pool.learn_models()
    for _ in range(2):
        await pool.serve(ModelNotOffered("no"), model="typo")

    with pytest.raises(ModelNotOffered, match="No account's plan offers 'typo'"):
        await pool.hold(model="typo")


async def test_when_all_that_list_the_model_are_spent_the_caller_is_told_that(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.lists = {"a": (OPUS,), "b": (HAIKU,)}
    pool = make_pool(lasting("a"), lasting("b"))
    await pool.learn_models()
    await pool.serve(QuotaSpent("spent"), model="opus")

    with pytest.raises(QuotaSpent) as left:
        await pool.hold(model="opus")
    assert left.value.retry_after == DECEMBER - NOON


async def test_the_models_on_offer_are_those_of_ready_accounts_in_kiros_order(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.lists = {"a": (AUTO, OPUS), "b": (AUTO, HAIKU)}
    pool = make_pool(lasting("a"), lasting("b"), lasting("c"))
    assert pool.offered() == FALLBACK
    await pool.learn_models()

    assert pool.offered() == (AUTO, OPUS, HAIKU)
    await pool.serve(QuotaSpent("spent"), model="auto")
    assert pool.offered() == (AUTO, HAIKU)


async def test_the_models_of_resting_accounts_are_shown_when_none_is_ready(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.lists = {"a": (OPUS,)}
    pool = make_pool(lasting("a"))
    await pool.learn_models()
    await pool.serve(RateLimited("pause"))

    assert pool.offered() == (OPUS,)


async def test_the_same_offer_is_the_same_object(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any, clock: Any
) -> None:
    kiro.lists = {"a": (OPUS,)}
    pool = make_pool(lasting("a"))
    assert pool.offered() is pool.offered() is FALLBACK
    await pool.learn_models()
    first = pool.offered()

    assert pool.offered() is first
    clock.now += 3600
    kiro.lists = {"a": (HAIKU,)}
    await pool.serve()
    await pool.rest()
    assert pool.offered() == (HAIKU,)


async def test_a_list_that_cannot_be_renewed_stays_in_force(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any, clock: Any
) -> None:
    kiro.lists = {"a": (OPUS,)}
    pool = make_pool(lasting("a"))
    await pool.learn_models()
    del kiro.lists["a"]
    clock.now += 3600
    await pool.serve(model="opus")
    await pool.rest()

    assert (pool.offered(), kiro.count("models")) == ((OPUS,), 2)


async def test_lists_are_learned_of_accounts_that_can_serve_and_only_where_they_are_not_known(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.lists = {"a": (OPUS,), "b": (OPUS,)}
    pool = make_pool(lasting("a"), lasting("b", disabled=True))
    await pool.learn_models()
    await pool.learn_models()

    assert kiro.asked == [("models", "a", "us-east-1")]


async def test_an_account_whose_pause_is_over_offers_its_models_and_is_asked_for_them_again(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any, clock: Any
) -> None:
    kiro.lists = {"a": (OPUS,), "b": (HAIKU,), "c": (AUTO,)}
    pool = make_pool(lasting("a"), lasting("b"), lasting("c"))
    await pool.serve(RateLimited("pause", retry_after=5.0))
    await pool.learn_models()
    assert pool.offered() == (HAIKU, AUTO)

    clock.now += 5
    await pool.learn_models()
    assert pool.offered() == (OPUS, HAIKU, AUTO)
    for error in (RateLimited("pause", retry_after=5.0), RateLimited("pause", retry_after=9.0)):
        await pool.serve(error)
    assert pool.offered() == (OPUS,)
    clock.now += 5
    assert pool.offered() == (OPUS, HAIKU)


async def test_an_account_may_have_what_it_lists_and_anything_where_that_is_not_known(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.lists = {"a": (OPUS,)}
    pool = make_pool(lasting("a"), lasting("b"))
    await pool.learn_models()
    of_a, of_b = await pool.hold(model="opus"), await pool.hold(model="opus")
    unlisted = await pool.hold(model="opus", never={"b"})
    unlisted.model = "haiku"

    assert (of_a.name, of_b.name, unlisted.name) == ("a", "b", "a")
    assert [pool.may_have(lease) for lease in (of_a, of_b, unlisted)] == [True, True, False]


async def test_a_question_gets_its_token_by_a_refresh(
    make_pool: MakePool, seeded: MakeCredential, kiro: Any, service: Any
) -> None:
    kiro.lists = {"a": (OPUS,)}
    pool = make_pool(seeded("a"))
    await pool.learn_models()

    assert service.tokens == ["seed-a"]
    assert pool.offered() == (OPUS,)


async def test_an_account_that_is_suspended_during_its_refresh_is_asked_nothing(
    make_pool: MakePool, ready: MakeCredential, kiro: Any, service: Any, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    lease = await pool.hold()
    await pool.rest()
    kiro.asked.clear()
    clock.now += 3600
    service.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(pool.usages())
        while not service.asked:
            await asyncio.sleep(0)
        pool.release(lease, AccountSuspended("locked"))
        service.gate.set()

    assert asking.result() == {"a": "not asked while the account is quarantined"}
    assert kiro.asked == []


async def test_the_usage_is_asked_at_most_once_a_minute(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any, clock: Any
) -> None:
    kiro.resets = {"a": DECEMBER}
    pool = make_pool(lasting("a"))
    assert pool.statuses()[0].usage is None
    usage = (await pool.usages())["a"]
    for seconds in (59, 1):
        clock.now += seconds
        usage = (await pool.usages())["a"]

    assert isinstance(usage, PlanUsage)
    assert (usage.used, usage.limit) == (13.5, 550.0)
    assert pool.statuses()[0].usage == usage
    assert kiro.count("usage") == 2


async def test_an_e_mail_is_asked_for_only_where_a_person_wants_it_and_shown_to_nobody_else(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.resets = {"a": DECEMBER}
    pool = make_pool(lasting("a"))
    plain = (await pool.usages())["a"]
    named = [(await pool.usages("a", with_email=True))["a"] for _ in range(2)]

    assert (plain.email, [usage.email for usage in named]) == ("", ["somebody@example.org"] * 2)
    assert pool.statuses()[0].usage == plain
    assert (kiro.count("usage"), kiro.count("usage with e-mail")) == (1, 1)


async def test_usages_say_why_one_is_not_known(
    make_pool: MakePool, lasting: MakeCredential, seeded: MakeCredential, kiro: Any, service: Any
) -> None:
    service.dead = {"seed-d"}
    pool = make_pool(lasting("a"), lasting("b"), lasting("c", disabled=True), seeded("d"))
    await pool.serve(AccountSuspended("locked"))

    assert await pool.usages() == {
        "a": "not asked while the account is quarantined",
        "b": "Kiro does not tell the usage",
        "c": "not asked while the account is disabled",
        "d": "the account has no token that works",
    }
    assert await pool.usages("b") == {"b": "Kiro does not tell the usage"}
    assert [name for question, name, _ in kiro.asked if question == "usage"] == ["b"]


async def test_a_spent_account_returns_when_kiro_says(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.resets = {"a": NOON + 5000}
    pool = make_pool(lasting("a"))
    await pool.serve(QuotaSpent("spent"))
    assert pool.statuses()[0].until == DECEMBER
    await pool.rest()

    [status] = pool.statuses()
    assert (status.state, status.until) == ("exhausted", NOON + 5000)


@pytest.mark.parametrize("told", [{}, {"a": NOON - 1}])
async def test_without_a_reset_to_come_a_spent_account_returns_on_the_first(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any, told: dict[str, float]
) -> None:
    kiro.resets = told
    pool = make_pool(lasting("a"))
    await pool.serve(QuotaSpent("spent"))
    await pool.rest()

    assert pool.statuses()[0].until == DECEMBER


async def test_a_spent_day_does_not_last_until_the_month_is_over(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.resets = {"a": DECEMBER}
    pool = make_pool(lasting("a"))
    await pool.serve(QuotaSpent("the day is used up", retry_after=21_600.0))
    await pool.rest()

    assert pool.statuses()[0].until == NOON + 21_600
    assert kiro.count("usage") == 0


async def test_a_burst_of_spent_answers_asks_for_the_reset_once(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.resets = {"a": NOON + 5000}
    pool = make_pool(lasting("a"))
    for lease in [await pool.hold() for _ in range(10)]:
        pool.release(lease, QuotaSpent("spent"))
        await pool.rest()

    assert kiro.count("usage") == 1
    assert pool.statuses()[0].until == NOON + 5000


async def test_a_suspended_account_that_is_spent_too_is_not_asked(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.resets = {"a": NOON + 5000}
    pool = make_pool(lasting("a"))
    first, second = await pool.hold(), await pool.hold()
    await pool.rest()
    pool.release(first, AccountSuspended("locked"))
    pool.release(second, QuotaSpent("spent"))
    await pool.rest()

    assert kiro.count("usage") == 0
    assert pool.states() == {"a": "quarantined"}


async def test_an_account_that_was_reset_meanwhile_stays_ready(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    kiro.resets = {"a": NOON + 5000}
    kiro.gates["usage"].clear()
    pool = make_pool(lasting("a"))
    await pool.serve(QuotaSpent("spent"))
    while not kiro.count("usage"):
        await asyncio.sleep(0)
    pool.reset()
    kiro.gates["usage"].set()
    await pool.rest()

    assert pool.states() == {"a": "ready"}


@pytest.mark.parametrize(
    ("refusal", "state"),
    [
        (AccountSuspended("locked"), "quarantined"),
        (RateLimited("pause", retry_after=9.0), "cooling"),
        (QuotaSpent("spent"), "exhausted"),
    ],
)
async def test_what_kiro_says_of_the_account_at_a_question_is_learned(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any, refusal: GatewayError, state: str
) -> None:
    pool = make_pool(lasting("a"), lasting("b"))
    kiro.fault = refusal
    assert await pool.usages("a") == {"a": refusal.detail}
    kiro.fault = None

    assert pool.states() == {"a": state, "b": "ready"}
    assert await pool.turns(2) == "bb"


async def test_a_suspended_or_cooling_account_is_asked_nothing_more(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any, clock: Any
) -> None:
    kiro.resets = {"a": DECEMBER}
    pool = make_pool(lasting("a"))
    kiro.fault = RateLimited("pause", retry_after=90.0)
    await pool.usages()
    kiro.fault = None

    assert await pool.usages(with_email=True) == {"a": "not asked while the account is cooling"}
    await pool.learn_models()
    assert len(kiro.asked) == 1
    clock.now += 90
    assert isinstance((await pool.usages())["a"], PlanUsage)


async def test_two_suspensions_at_questions_open_the_breaker_and_no_third_account_is_asked(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any, clock: Any
) -> None:
    pool = make_pool(*(lasting(name) for name in "abcd"))
    kiro.fault = AccountSuspended("locked")
    told = await pool.usages()
    await pool.learn_models()

    assert [name for _, name, _ in kiro.asked] == ["a", "b"]
    assert "two accounts were suspended" in str(told["c"])
    kiro.fault, kiro.resets = None, {"c": DECEMBER}
    clock.now += 300
    assert isinstance((await pool.usages("c"))["c"], PlanUsage)


@pytest.mark.parametrize(
    "fault", [UpstreamUnavailable("down"), TokenExpired("old"), RateLimited("slow")]
)
async def test_an_account_whose_requests_fail_is_not_asked_for_its_models(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any, clock: Any, fault: GatewayError
) -> None:
    pool = make_pool(lasting("a"))
    await pool.serve(fault)
    clock.now += 60  # a pause that the fault may have brought is over
    pool.release(await pool.hold(), None, served=False)  # who leaves early proves nothing
    await pool.rest()

    assert kiro.asked == []


async def test_a_model_that_kiro_refused_is_a_reason_to_ask_for_the_list(
    make_pool: MakePool, lasting: MakeCredential, kiro: Any
) -> None:
    pool = make_pool(lasting("a"))
    await pool.serve(ModelNotOffered("no"), model="typo")
    await pool.rest()

    assert kiro.count("models") == 1

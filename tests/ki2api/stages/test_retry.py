"""The retry stage, with a clock that does not tick."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import chain, repeat
from typing import Literal, TypeAlias, cast

import pytest

from ki2api import errors
from ki2api.accounts.companion import Access
from ki2api.accounts.lease import Lease
from ki2api.budget import RetryBudget
from ki2api.events import (
    PartDelta,
    PartEnded,
    PartStarted,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
)
from ki2api.flow import GatewayFlow
from ki2api.protocols import Delivery
from ki2api.stages.retry import CAPACITY_WAIT, SLACK, Retry, RetryConfig
from pipeline import Chain, Secret
from pipeline.testing import batches, build_flow

pytestmark = pytest.mark.anyio
Events: TypeAlias = AsyncIterator[tuple[ReplyEvent, ...]]
HELLO = (
    ReplyStarted(),
    PartStarted(0, "text"),
    PartDelta(0, "Hello"),
    PartEnded(0),
    ReplyEnded("end"),
)
CUT = (ReplyStarted(), PartStarted(0, "thinking"), PartEnded(0), ReplyEnded("max-tokens"))
THOUGHT = (ReplyStarted(), PartStarted(0, "thinking"), PartEnded(0), ReplyEnded("end"))


class Inside:
    """Everything inside retry: fails as told, each time on the account told, then answers."""

    requires = frozenset[str]()
    answers = frozenset({"events", "account"})

    def __init__(
        self,
        *fails: tuple[str | None, Exception],
        reply: Iterable[tuple[ReplyEvent, ...]] = (HELLO,),
    ) -> None:
        self.calls = 0
        self._fails = list(fails)
        self._replies = list(reply)

    async def __call__(self, flow: GatewayFlow) -> None:
        self.calls += 1
        account, error = self._fails.pop(0) if self._fails else ("good", None)
        if account is not None:
            flow.account = cast("Lease", Access(name=account, token=Secret("t")))
        if error is not None:
            raise error
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        flow.events = batches(reply)


class Run:
    """A retry stage with its inside, and the pauses that it made."""

    def __init__(
        self,
        inside: Inside,
        config: RetryConfig | None = None,
        budget: RetryBudget | None = None,
    ) -> None:
        self.inside = inside
        self.slept: list[float] = []
        self.stage = Retry(
            config or RetryConfig(),
            budget or RetryBudget(),
            sleep=self._sleep,
            jitter=lambda: 0.5,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def __call__(self, *, stream: bool = True) -> GatewayFlow:
        return await self.through(self.flow(stream=stream))

    async def through(self, flow: GatewayFlow) -> GatewayFlow:
        await Chain([("retry", self.stage)], self.inside).run(flow)
        return flow

    def flow(self, *, stream: bool = True) -> GatewayFlow:
        delivery = Delivery(id="x", model="m", created=0, stream=stream)
        return build_flow(GatewayFlow, delivery=delivery)


def rate_limited() -> errors.RateLimited:
    return errors.RateLimited("slow down", retry_after=9)


async def test_what_works_runs_once() -> None:
    run = Run(Inside())
    flow = await run()
    assert run.inside.calls == 1
    assert flow.attempts == []
    assert run.slept == []


async def test_a_fault_of_the_account_goes_on_to_the_next_at_once() -> None:
    run = Run(Inside(("a", rate_limited()), ("b", errors.QuotaSpent("spent"))))
    flow = await run()
    assert run.inside.calls == 3
    assert [(attempt.account, attempt.error.code) for attempt in flow.attempts] == [
        ("a", "rate_limit_exceeded"),
        ("b", "insufficient_quota"),
    ]
    assert run.slept == [0, 0]


async def test_a_transient_fault_waits_a_little_and_a_crowded_model_longer() -> None:
    run = Run(
        Inside(("a", errors.UpstreamUnavailable("down")), ("b", errors.ModelOverloaded("full")))
    )
    await run()
    assert run.slept == [0.05, CAPACITY_WAIT * 1.5]


@pytest.mark.parametrize(
    ("told", "waited"), [(3.5, 3.5 + SLACK), (0.0, SLACK), (None, CAPACITY_WAIT * 1.5)]
)
async def test_a_model_without_capacity_is_waited_for_as_long_as_the_pool_says(
    told: float | None, waited: float
) -> None:
    run = Run(Inside(("a", errors.ModelOverloaded("full", retry_after=told))))
    await run()
    assert run.slept == [waited]


async def test_a_model_that_pauses_for_long_is_not_waited_for() -> None:
    run = Run(Inside(("a", errors.ModelOverloaded("full", retry_after=5.1))))
    with pytest.raises(errors.ModelOverloaded):
        await run()
    assert run.slept == []


async def test_it_gives_up_after_its_attempts_with_the_last_error() -> None:
    run = Run(
        Inside(*[(name, errors.UpstreamUnavailable(str(n))) for n, name in enumerate("abcde")])
    )
    with pytest.raises(errors.UpstreamUnavailable, match="2"):
        await run()
    assert run.inside.calls == 3


async def test_no_attempt_starts_after_its_time() -> None:
    purse = Purse()
    run = Run(Inside(*[("a", errors.UpstreamTimeout("slow"))] * 2), budget=purse)
    early, late = run.flow(), run.flow()
    # What went before, such as the rounds of a search, does not count: only time since it began.
    early.clock = chain([500.0], repeat(559.9)).__next__
    late.clock = chain([500.0], repeat(560.0)).__next__
    with pytest.raises(errors.UpstreamTimeout):
        await run.through(late)
    assert (run.inside.calls, purse.asked) == (1, [])
    await run.through(early)
    assert (run.inside.calls, purse.asked) == (3, ["transient"])


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidRequest("bad"),
        errors.UpstreamGarbled("crc"),
        errors.UpstreamUntrusted("tls"),
        ValueError("a bug"),
    ],
)
async def test_what_cannot_get_better_is_not_tried_again(error: Exception) -> None:
    run = Run(Inside(("a", error)))
    with pytest.raises(type(error)):
        await run()
    assert run.inside.calls == 1


@pytest.mark.parametrize("kind", [errors.AccountSuspended, errors.EmptyReply])
async def test_some_errors_are_tried_once_more_and_never_thrice(
    kind: type[errors.GatewayError],
) -> None:
    run = Run(Inside(("a", kind("1")), ("b", kind("2"))))
    with pytest.raises(kind, match="2"):
        await run()
    assert run.inside.calls == 2


async def test_it_waits_for_an_account_that_returns_soon() -> None:
    soon = errors.NoAccountLeft("all cooling", retry_after=2, usable_in=2)
    run = Run(Inside((None, soon)))
    flow = await run()
    assert run.slept == [2 + SLACK]
    assert flow.attempts[0].account is None


async def test_the_longest_wait_is_waited() -> None:
    for most in (
        errors.NoAccountLeft("", usable_in=5),
        errors.ModelOverloaded("", retry_after=5.0),
    ):
        run = Run(Inside((None if isinstance(most, errors.NoAccountLeft) else "a", most)))
        await run()
        assert run.slept == [5 + SLACK]


@pytest.mark.parametrize("usable_in", [None, 5.1])
async def test_it_does_not_wait_for_long(usable_in: float | None) -> None:
    late = errors.NoAccountLeft("all cooling", retry_after=40, usable_in=usable_in)
    run = Run(Inside((None, late)))
    with pytest.raises(errors.NoAccountLeft) as caught:
        await run()
    assert caught.value is late
    assert run.slept == []


async def test_when_no_account_is_left_the_caller_is_told_the_last_accounts_trouble() -> None:
    left = errors.NoAccountLeft("a: cooling", retry_after=7)
    run = Run(Inside(("a", rate_limited()), (None, left)))
    with pytest.raises(errors.RateLimited, match="a: cooling") as caught:
        await run()
    assert caught.value.retry_after == 7
    run = Run(Inside(("a", errors.ModelNotOffered("no such model")), (None, left)))
    with pytest.raises(errors.ModelNotOffered, match="no such model"):
        await run()


async def test_of_several_accounts_troubles_the_last_is_told() -> None:
    left = errors.NoAccountLeft("none", retry_after=7)
    run = Run(Inside(("a", rate_limited()), ("b", errors.QuotaSpent("spent")), (None, left)))
    with pytest.raises(errors.QuotaSpent, match="none") as caught:
        await run()
    assert caught.value.retry_after == 7


class Breaking(Inside):
    """Breaks its first reply off in the middle."""

    async def __call__(self, flow: GatewayFlow) -> None:
        await super().__call__(flow)
        if self.calls == 1:
            flow.events = self._broken()

    @staticmethod
    async def _broken() -> AsyncIterator[tuple[ReplyEvent, ...]]:
        yield HELLO[:2]
        raise errors.UpstreamDisconnected("gone")


async def test_a_whole_reply_is_read_inside_the_attempt() -> None:
    run = Run(Breaking())
    flow = await run(stream=False)
    assert run.inside.calls == 2
    assert [batch async for batch in flow.events] == [HELLO]


@pytest.mark.parametrize(
    ("config", "stream"), [(RetryConfig(), True), (RetryConfig(drain_whole_replies=False), False)]
)
async def test_a_stream_is_not_read_and_its_break_not_mended(
    config: RetryConfig,
    stream: bool,  # noqa: FBT001 - of the table
) -> None:
    run = Run(Breaking(), config)
    flow = await run(stream=stream)
    assert await anext(flow.events) == HELLO[:2]
    with pytest.raises(errors.UpstreamDisconnected):
        await anext(flow.events)
    assert run.inside.calls == 1


async def test_a_whole_reply_of_thoughts_alone_is_tried_once_more() -> None:
    run = Run(Inside(reply=(THOUGHT, HELLO)))
    flow = await run(stream=False)
    assert run.inside.calls == 2
    assert [batch async for batch in flow.events] == [HELLO]
    with pytest.raises(errors.EmptyReply):
        await Run(Inside(reply=(THOUGHT,)))(stream=False)


async def test_concurrent_requests_do_not_share_their_attempts() -> None:
    run = Run(Inside())
    async with asyncio.TaskGroup() as group:
        for _ in range(200):
            group.create_task(run())
    assert run.inside.calls == 200


async def test_an_account_that_was_used_twice_in_a_row_was_the_only_one() -> None:
    run = Run(Inside(*[("a", errors.ModelOverloaded("full"))] * 3))
    with pytest.raises(errors.ModelOverloaded):
        await run()
    assert run.inside.calls == 2
    assert len(run.slept) == 1


@pytest.mark.parametrize("second", [errors.RateLimited, errors.UpstreamTimeout])
async def test_after_a_suspension_one_other_account_is_tried_whatever_comes_of_it(
    second: type[errors.GatewayError],
) -> None:
    run = Run(Inside(("a", errors.AccountSuspended("locked")), ("b", second("no"))))
    with pytest.raises(second):
        await run()
    assert run.inside.calls == 2


async def test_a_failed_attempt_closes_what_it_opened_and_a_good_one_leaves_it_open() -> None:
    closed: list[tuple[int, BaseException | None]] = []

    class Opening(Inside):
        async def __call__(self, flow: GatewayFlow) -> None:
            number = self.calls

            class Held:
                async def __aenter__(self) -> None: ...

                async def __aexit__(
                    self, _kind: object, error: BaseException | None, _at: object
                ) -> None:
                    closed.append((number, error))

            await flow.hold(Held())
            await super().__call__(flow)

    error = rate_limited()
    flow = await Run(Opening(("a", error)))()
    assert closed == [(0, error)]
    await flow.aclose()
    assert closed == [(0, error), (1, None)]


@pytest.mark.parametrize("kind", [errors.RateLimited, errors.AccountRefused, errors.QuotaSpent])
async def test_a_fault_that_all_accounts_have_is_not_tried_again_without_an_account(
    kind: type[errors.GatewayError],
) -> None:
    run = Run(Inside((None, kind("all of them"))))
    with pytest.raises(kind, match="all of them"):
        await run()
    assert run.inside.calls == 1


async def test_a_transient_fault_goes_once_more_to_the_same_account_and_no_further() -> None:
    down = [("a", errors.UpstreamUnavailable(str(number))) for number in range(3)]
    run = Run(Inside(*down))
    with pytest.raises(errors.UpstreamUnavailable, match="1"):
        await run()
    assert run.inside.calls == 2


async def test_an_account_that_is_used_twice_in_a_row_after_another_was_the_last_one() -> None:
    down = [(name, errors.UpstreamUnavailable(name)) for name in "abbb"]
    run = Run(Inside(*down), RetryConfig(attempts=5))
    with pytest.raises(errors.UpstreamUnavailable):
        await run()
    assert run.inside.calls == 3


async def test_going_back_to_an_account_after_another_is_an_attempt_like_any() -> None:
    down = [(name, errors.UpstreamUnavailable(name)) for name in "aba"]
    run = Run(Inside(*down))
    with pytest.raises(errors.UpstreamUnavailable):
        await run()
    assert run.inside.calls == 3


class Purse(RetryBudget):
    """A budget that writes down what it is asked, and grants so many calls."""

    def __init__(self, grants: int = 100) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.given_back: list[str] = []
        self._left = grants

    def grants(self, kind: Literal["transient", "throttled"]) -> bool:
        self.asked.append(kind)
        self._left -= 1
        return self._left >= 0 and super().grants(kind)

    def succeeded(self, *spent: Literal["transient", "throttled"]) -> None:
        self.given_back += ["success", *spent]
        super().succeeded(*spent)


async def test_every_repeated_call_is_asked_of_the_budget_and_a_success_gives_it_back() -> None:
    purse = Purse()
    fails = [("a", errors.UpstreamUnavailable("down")), ("b", rate_limited())]
    await Run(Inside(*fails), budget=purse)()
    assert purse.asked == ["transient", "throttled"]
    assert purse.given_back == ["success", "transient", "throttled"]


async def test_a_repetition_that_the_budget_refuses_is_not_made_and_noted() -> None:
    purse = Purse(grants=1)
    run = Run(Inside(("a", rate_limited()), ("b", rate_limited())), budget=purse)
    flow = run.flow()
    with pytest.raises(errors.RateLimited):
        await run.through(flow)
    assert run.inside.calls == 2
    assert purse.asked == ["throttled", "throttled"]
    assert purse.given_back == []
    assert [note.text for note in flow.notes] == [
        "not tried again: the budget for repeated calls is used up"
    ]


async def test_a_request_that_only_waited_for_an_account_repeats_nothing() -> None:
    purse = Purse(grants=0)
    soon = errors.NoAccountLeft("all cooling", usable_in=1)
    flow = await Run(Inside((None, soon), (None, soon)), budget=purse)()
    assert [attempt.account for attempt in flow.attempts] == [None, None]
    assert purse.asked == []
    assert purse.given_back == ["success"]


async def test_waiting_between_two_calls_is_paid_for_once() -> None:
    purse = Purse()
    soon = errors.NoAccountLeft("all cooling", usable_in=1)
    await Run(Inside(("a", rate_limited()), (None, soon)), budget=purse)()
    assert purse.asked == ["throttled"]
    assert purse.given_back == ["success", "throttled"]


async def test_what_makes_no_sense_is_not_asked_of_the_budget() -> None:
    purse = Purse()
    for error in (errors.InvalidRequest("bad"), errors.UpstreamGarbled("crc")):
        with pytest.raises(type(error)):
            await Run(Inside(("a", error)), budget=purse)()
    assert purse.asked == []


async def test_a_reply_that_was_cut_while_it_thought_is_not_empty() -> None:
    run = Run(Inside(reply=[CUT]))
    flow = await run(stream=False)
    assert run.inside.calls == 1
    assert [batch async for batch in flow.events] == [CUT]


async def test_a_whole_reply_is_read_through_what_may_end_it_early() -> None:
    async def shortened(events: Events) -> Events:
        async for batch in events:
            yield (*batch[:3], PartEnded(0), ReplyEnded("stop-sequence"))

    run = Run(Inside())
    flow = run.flow(stream=False)
    flow.shorten = shortened
    await run.through(flow)
    (batch,) = [batch async for batch in flow.events]
    assert batch[-1] == ReplyEnded("stop-sequence")


async def test_a_reply_is_not_empty_because_all_of_it_was_left_out() -> None:
    async def nothing(events: Events) -> Events:
        async for batch in events:
            yield batch[:1]
        yield (ReplyEnded("end"),)

    run = Run(Inside())
    flow = run.flow(stream=False)
    flow.shorten = nothing
    await run.through(flow)
    assert run.inside.calls == 1


async def test_a_stream_that_is_held_back_is_tried_again_like_a_whole_reply() -> None:
    run = Run(Inside(reply=[THOUGHT, HELLO]))
    flow = run.flow(stream=True)
    flow.held = True
    await run.through(flow)
    assert run.inside.calls == 2
    assert [batch async for batch in flow.events] == [HELLO]

"""Runs everything inside again when an error says that this makes sense."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import ClassVar, Literal, TypeAlias

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, retry_never

from ki2api.budget import RetryBudget
from ki2api.errors import (
    AccountError,
    AccountSuspended,
    EmptyReply,
    GatewayError,
    ModelOverloaded,
    NoAccountLeft,
    UpstreamError,
)
from ki2api.events import PartStarted, ReplyEnded, ReplyEvent
from ki2api.flow import Attempt, GatewayFlow
from pipeline import Batch, Next, Stage, StageConfig, close
from pipeline.stream import Wrapped

BASE_WAIT = 0.05
"""Seconds; the first back-off after a transient fault, doubled each time, with full jitter."""
CAPACITY_WAIT = 2.0
"""Seconds; the shortest pause that a model without capacity is given (docs/kiro.md §5.2)."""

SLACK = 0.01
"""Seconds; a clock that wakes a little early would find the account still resting."""


_Cost: TypeAlias = Literal["transient", "throttled"]


class RetryConfig(StageConfig, frozen=True):
    """How often and how long."""

    attempts: int = 3
    """Runs of everything below; never again on an account after a fault of its own."""
    within_seconds: float = 60.0
    """No new attempt starts that long after the first one; a running one is not cut."""
    max_wait_seconds: float = 5.0
    """The longest wait for a cooling account; beyond it the caller is told at once."""
    drain_whole_replies: bool = True
    """A reply that is not streamed is read to its end inside the attempt."""


class Retry(Stage[GatewayFlow, RetryConfig]):
    """Asks two questions of an error, whether and when to try again, and nothing of accounts."""

    name = "retry"
    requires: ClassVar[frozenset[str]] = frozenset({"delivery"})
    provides: ClassVar[frozenset[str]] = frozenset({"attempts"})
    awaits: ClassVar[frozenset[str]] = frozenset({"events"})
    answers: ClassVar[frozenset[str]] = frozenset({"events"})
    repeats: ClassVar[bool] = True

    def __init__(
        self,
        config: RetryConfig,
        budget: RetryBudget,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(config)
        self._budget = budget
        self._sleep = sleep
        self._jitter = jitter

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Call on until it works or makes no sense any more; raises the last error."""
        flow.attempts, began = [], flow.clock()
        spent: list[_Cost] = []
        with self._budget:
            try:
                await self._attempt(flow, call_next)
            except GatewayError as error:
                await self._again(flow, call_next, error, began)
                for past in flow.attempts:  # its frames would keep all of the request
                    past.error.__traceback__ = None
                paid = [past for past in flow.attempts if past.account is not None]
                spent = [_cost(past.error) for past in paid]
        self._budget.succeeded(*spent)

    async def _again(
        self, flow: GatewayFlow, call_next: Next[GatewayFlow], first: GatewayError, began: float
    ) -> None:
        """Go on after a first failure, which tenacity is shown as that of its first attempt.

        It costs more than all stages together, so a request without a failure does without.
        """
        # One object a request: a shared one repeats calls that succeeded (tenacity 9.2.1).
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: self._may_retry(flow, error, began)),
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    if attempt.retry_state.attempt_number == 1:
                        raise first
                    await self._attempt(flow, call_next)
        except NoAccountLeft as left:
            raise _last_word(flow.attempts, left) from left
        finally:
            retrying.retry = retry_never  # the object leads to itself, and by this to the flow

    async def _attempt(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        try:
            async with flow.scope():
                await call_next(flow)
                if self.config.drain_whole_replies and (flow.held or not flow.delivery.stream):
                    flow.events = _replayed(await _drained(flow))
        except GatewayError as error:
            account = flow.account.name if flow.has("account") else None
            flow.attempts.append(Attempt(account, error))
            raise

    def _may_retry(self, flow: GatewayFlow, error: BaseException, began: float) -> bool:
        if not isinstance(error, GatewayError) or self._is_over(flow, began):
            return False
        if not self._makes_sense(flow.attempts, error):
            return False
        # An attempt that found no account has not called Kiro, so it leaves nothing to pay for.
        last = flow.attempts[-1]
        if last.account is None or self._budget.grants(_cost(last.error)):
            return True
        flow.note(self.name, "not tried again: the budget for repeated calls is used up")
        return False

    def _is_over(self, flow: GatewayFlow, began: float) -> bool:
        late = flow.clock() - began >= self.config.within_seconds
        return late or len(flow.attempts) == self.config.attempts

    def _makes_sense(self, attempts: list[Attempt], error: GatewayError) -> bool:
        if _is_settled(attempts):
            return False
        most = self.config.max_wait_seconds
        match error:
            case NoAccountLeft(usable_in=seconds):
                makes_sense = seconds is not None and seconds <= most
            case ModelOverloaded(retry_after=seconds):
                makes_sense = (seconds or 0.0) <= most
            case GatewayError(retry="once"):
                is_first = sum(type(past.error) is type(error) for past in attempts) == 1
                makes_sense = is_first and attempts[-1].account is not None
            case GatewayError(retry="other"):
                makes_sense = attempts[-1].account is not None
            case _:
                makes_sense = error.retry == "any"
        return makes_sense

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        match error:
            case NoAccountLeft(usable_in=seconds):
                return (seconds or 0.0) + SLACK
            case ModelOverloaded(retry_after=float(seconds)):
                return seconds + SLACK
            case ModelOverloaded():
                return CAPACITY_WAIT * (1 + self._jitter())
            case UpstreamError():
                return self._jitter() * BASE_WAIT * 2.0**state.attempt_number
            case _:
                return 0.0


def _cost(error: GatewayError) -> _Cost:
    is_busy = isinstance(error, ModelOverloaded) or not isinstance(error, UpstreamError)
    return "throttled" if is_busy else "transient"


def _is_settled(attempts: list[Attempt]) -> bool:
    """Tell whether the accounts leave nothing to try.

    After a suspension one other account is tried, whatever comes of it. An account that was used
    twice in a row was the only one left, and it is not used a third time.
    """
    if any(isinstance(past.error, AccountSuspended) for past in attempts[:-1]):
        return True
    match [past.account for past in attempts[-2:]]:
        case [str(before), str(last)]:
            return before == last
        case _:
            return False


def _last_word(attempts: list[Attempt], left: NoAccountLeft) -> GatewayError:
    """Choose what the caller is told when accounts were tried and none is left."""
    tried = [attempt.error for attempt in attempts if attempt.account is not None]
    match tried[-1:]:
        case [AccountError() as error]:
            return type(error)(left.detail, retry_after=left.retry_after)
        case [error]:
            return error
        case _:
            return left


class _Heard(Wrapped):
    """Events as they came, before anything shortens them; `said` tells of more than thoughts."""

    said = False

    async def __anext__(self) -> Batch[ReplyEvent]:
        batch = await anext(self.source)
        self.said = self.said or any(
            isinstance(event, PartStarted) and event.kind != "thinking" for event in batch
        )
        return batch


async def _drained(flow: GatewayFlow) -> Batch[ReplyEvent]:
    heard = _Heard(flow.events)
    events = flow.shorten(heard) if flow.shorten else heard
    try:
        drained = tuple([event async for batch in events for event in batch])
    finally:
        await close(events)
    if not heard.said and ReplyEnded("max-tokens") not in drained[-1:]:
        raise EmptyReply("Kiro answered without any text or tool call.")
    return drained


async def _replayed(batch: Batch[ReplyEvent]) -> AsyncIterator[Batch[ReplyEvent]]:
    yield batch

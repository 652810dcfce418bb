"""What a type checker must see of a stage; checked with the tests, never run."""

from collections.abc import AsyncIterator
from typing import Any, assert_type

from pipeline import (
    Assembly,
    Batch,
    Catalog,
    Chain,
    Endpoint,
    Flow,
    Next,
    Slot,
    Stage,
    StageConfig,
    config_type,
    decode,
)
from pipeline.testing import SpyEndpoint, build_flow, run_stage


class Lease:
    """Something that only one kind of flow carries."""


class LeaseFlow(Flow):
    """A flow with slots of its own."""

    account: Slot[Lease] = Slot()
    response: Slot[str] = Slot()


class RetryConfig(StageConfig, frozen=True):
    """Settings of the stage."""

    attempts: int = 3


class Retry(Stage[LeaseFlow, RetryConfig]):
    """A stage that knows its flow and its settings."""

    name = "retry"
    requires = frozenset({"account"})

    async def __call__(self, flow: LeaseFlow, call_next: Next[LeaseFlow]) -> None:
        assert_type(self.config, RetryConfig)
        assert_type(self.config.attempts, int)
        assert_type(flow.account, Lease)  # never Lease | None
        assert_type(flow.response, str)
        assert_type(flow.events, AsyncIterator[Batch[Any]])
        assert_type(LeaseFlow.account, Slot[Lease])
        flow.account = Lease()
        flow.account = "a text"  # type: ignore[assignment]  # only a Lease goes in
        flow.other = 5  # type: ignore[attr-defined]  # there is no such slot
        await call_next(flow)
        await call_next(Flow())  # type: ignore[arg-type]  # it is not this kind of flow


class Kiro:
    """An endpoint: no base class is needed."""

    requires = frozenset({"account"})
    answers = frozenset({"events"})

    async def __call__(self, flow: LeaseFlow) -> None:
        """Answer."""


def endpoints() -> None:
    """An endpoint fits by its shape."""
    fits: Endpoint[LeaseFlow] = Kiro()
    also: Endpoint[LeaseFlow] = SpyEndpoint()
    narrow: Endpoint[Flow] = Kiro()  # type: ignore[assignment]  # it wants more than any flow has
    assert_type(Chain([("retry", Retry(RetryConfig()))], fits), Chain[LeaseFlow])
    assert_type(Chain([], also), Chain[LeaseFlow])
    del narrow


def settings(catalog: Catalog, assembly: Assembly[LeaseFlow]) -> None:
    """Settings have the type that was asked for."""
    assert_type(decode("", RetryConfig, "config.toml"), RetryConfig)
    assert_type(config_type(Retry), type[StageConfig])
    assert_type(assembly.chain, Chain[LeaseFlow])
    Retry(StageConfig())  # type: ignore[arg-type]  # it is not this stage's Config
    RetryConfig(attempts="3")  # type: ignore[arg-type]  # settings are typed


async def testing() -> None:
    """The means of testing keep the kind of flow."""
    flow = build_flow(LeaseFlow, account=Lease())
    assert_type(flow, LeaseFlow)
    assert_type(await run_stage(Retry(RetryConfig()), flow), LeaseFlow)

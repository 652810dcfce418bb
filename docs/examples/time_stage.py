"""Tells how long the stages inside it took to answer, and how long until all was sent.

In config.toml:

    [[pipeline]]
    stage = "./time_stage.py"
    before = "retry"             # what is timed: this stage and all below it
    what = "retry and below"

The same table with a `label = "..."` and another place times another stage beside it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ki2api.flow import GatewayFlow
from pipeline import Next, Stage, StageConfig


class TimeStageConfig(StageConfig, frozen=True):
    """What the figures are called."""

    what: str = "below"


class TimeStage(Stage[GatewayFlow, TimeStageConfig]):
    """Looks at the flow's clock, and writes into the log and into the flow's notes."""

    name = "time-stage"

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Time what is inside, whether it answers, fails, or the client leaves."""
        began = flow.clock()
        await flow.hold(self._timed("closed", flow, began))  # the flow leaves it at its own end
        async with self._timed("returned", flow, began):
            await call_next(flow)

    @asynccontextmanager
    async def _timed(self, what: str, flow: GatewayFlow, began: float) -> AsyncIterator[None]:
        try:
            yield
        finally:
            text = f"{self.config.what}: {what} after {flow.clock() - began:.3f} s"
            flow.note(self.name, text)
            flow.log.info(text)

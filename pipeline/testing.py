"""For authors of stages: run one stage alone, with an endpoint that does as it is told."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from time import monotonic
from typing import Any

from pipeline.chain import Chain
from pipeline.errors import did_you_mean
from pipeline.flow import Flow
from pipeline.stage import Endpoint, FlowT, Stage
from pipeline.stream import Batch


class SpyEndpoint:
    """An endpoint that remembers its flows, raises what it was given, and then fills slots."""

    requires: frozenset[str] = frozenset()

    def __init__(
        self, fills: Mapping[str, object] | None = None, *, fails: Iterable[BaseException] = ()
    ) -> None:
        self.flows: list[Any] = []
        self.answers = frozenset(fills or ())
        self._fills = dict(fills or {})
        self._fails = iter(fails)

    async def __call__(self, flow: Flow) -> None:
        self.flows.append(flow)
        for error in self._fails:
            raise error
        for slot, value in self._fills.items():
            setattr(flow, slot, value)


def build_flow(
    flow_type: type[FlowT], *, clock: Callable[[], float] = monotonic, **slots: Any
) -> FlowT:
    """Return a flow whose slots are filled with these values."""
    for slot in slots:
        if slot not in flow_type.slots():
            hint = did_you_mean(slot, flow_type.slots())
            raise AttributeError(f"{flow_type.__name__} has no slot {slot!r}{hint}")
    return flow_type(clock=clock, **slots)


async def run_stage(
    stage: Stage[FlowT, Any], flow: FlowT, endpoint: Endpoint[FlowT] | None = None
) -> FlowT:
    """Send a flow through one stage and return it; whatever the stage raises is raised here."""
    inside = SpyEndpoint() if endpoint is None else endpoint
    await Chain([("stage", stage)], inside).run(flow)
    return flow


async def batches(*each: Batch[Any]) -> AsyncIterator[Batch[Any]]:
    """Yield these batches: something to put into `flow.events`."""
    for batch in each:
        yield batch

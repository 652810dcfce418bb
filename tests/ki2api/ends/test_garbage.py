"""A request that has ended is forgotten at once: nothing of it waits for a collection of garbage.

What waits is memory that a busy server has twice, the bodies of large requests among it.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ki2api.flow import GatewayFlow
from ki2api.protocols import RawRequest
from tests.ki2api.ends.test_cancellations import CASES

pytestmark = pytest.mark.anyio


@contextmanager
def kept() -> Iterator[list[object]]:
    """Give what only a collection could have freed, once the block is left."""
    found: list[object] = []
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found += [each for each in gc.garbage if isinstance(each, GatewayFlow | RawRequest)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("name", CASES)
async def test_a_request_that_has_ended_is_forgotten(here: Any, name: str) -> None:
    case = CASES[name]

    async def ask() -> None:
        here.simulator.order(case.ordered, 1 if case.ordered else 0)
        client = here.client(case.path, case.body)
        await client.run()
        await here.settled()
        here.forget()
        assert client.ended

    await ask()
    with kept() as left:
        await ask()
    assert not left

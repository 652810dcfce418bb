"""Streams in batches: plain changes share one iterator, and closing goes through to the source."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from pipeline.stream import Batch, Through

pytestmark = pytest.mark.anyio


class Source:
    """A stream that knows whether it was closed."""

    def __init__(self, *batches: Batch[int]) -> None:
        self._batches = iter(batches)
        self.closed = 0

    def __aiter__(self) -> AsyncIterator[Batch[int]]:
        return self

    async def __anext__(self) -> Batch[int]:
        for batch in self._batches:
            return batch
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed += 1


def double(batch: Batch[Any]) -> Batch[Any]:
    return tuple(number * 2 for number in batch)


def small(batch: Batch[Any]) -> Batch[Any]:
    return tuple(number for number in batch if number < 7)


async def test_changes_apply_in_the_order_in_which_they_were_joined() -> None:
    stream = Through.join(Through.join(Source((1, 2), (3, 4)), double), small)
    assert [batch async for batch in stream] == [(2, 4), (6,)]


async def test_changes_in_a_row_share_one_iterator() -> None:
    source = Source()
    assert Through.join(Through.join(source, double), small).source is source


async def test_a_batch_that_is_left_empty_is_skipped() -> None:
    stream = Through.join(Source((8, 9), (1,)), small)
    assert [batch async for batch in stream] == [(1,)]


async def test_closing_closes_the_source() -> None:
    source = Source((1,))
    await Through.join(source, double).aclose()
    assert source.closed == 1


async def test_a_source_that_cannot_be_closed_is_left_alone() -> None:
    class Plain(AsyncIterator[Batch[int]]):
        async def __anext__(self) -> Batch[int]:
            raise StopAsyncIteration

    stream = Through.join(Plain(), double)
    await stream.aclose()
    assert [batch async for batch in stream] == []

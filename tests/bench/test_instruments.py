"""What the benchmark measures with is right: the client's counts, the stub's frames, the ratios."""

import asyncio

import pytest

from ki2api.kiro.framing import Decoder
from tests.bench import frames, report, stub
from tests.bench.client import Connection, Failed, Turn
from tests.bench.loads import LOADS, Dialect
from tests.bench.measure import Sample
from tests.bench.report import Results

PATHS: dict[Dialect, bytes] = {"openai": b"/v1/chat/completions", "anthropic": b"/v1/messages"}
COUNT = 5


class Nowhere:
    """A transport that sends nothing."""

    def write(self, data: bytes) -> None:
        pass


async def asked(dialect: Dialect, answer: bytes, size: int) -> Turn:
    connection = Connection(dialect, stream=True)
    connection.connection_made(Nowhere())  # type: ignore[arg-type]  # all that it needs
    turn = connection.ask(b"")
    for at in range(0, len(answer), size):
        connection.data_received(answer[at : at + size])
    return await turn


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("dialect", PATHS)
def test_the_client_counts_each_frame_however_reads_are_cut(dialect: Dialect, size: int) -> None:
    answer = stub._burst(PATHS[dialect], COUNT, "text")
    turn = asyncio.run(asked(dialect, answer, size))
    assert turn.marks == COUNT
    assert turn.began <= turn.first <= turn.ended


@pytest.mark.parametrize("dialect", PATHS)
def test_an_answer_without_its_end_is_a_failure(dialect: Dialect) -> None:
    path = PATHS[dialect]
    answer = stub._opening(path, "text") + frames.LAST_CHUNK
    with pytest.raises(Failed):
        asyncio.run(asked(dialect, answer, len(answer)))


def test_a_frame_is_whole_again_after_it_was_stamped() -> None:
    shape = frames.kiro("text")
    frame = shape.delta(0, 1).replace(frames.STAMP, b"1234567890123456")
    (decoded,) = Decoder().feed(shape.sealed(frame))
    assert b"~1234567890123456" in decoded.payload


def test_a_ratio_is_taken_within_its_round() -> None:
    results = Results("", "", rounds=3, versions={"relay": "", "ki2api": ""})
    for relay, ours in ((10.0, 20.0), (100.0, 300.0), (10.0, 40.0)):
        results.add("short", "openai", "relay", Sample({"cpu_us_request": relay}))
        results.add("short", "openai", "ki2api", Sample({"cpu_us_request": ours}))
    told = report.tables(results, [LOADS["short"]])
    assert "| short: CPU a request, µs | 10 | 40 (3.0 ×; 2.0–4.0) |" in told


def test_what_failed_is_told() -> None:
    results = Results("", "", rounds=1, versions={"relay": "", "ki2api": ""})
    results.add("short", "openai", "relay", Sample({"cpu_us_request": 10.0}))
    results.add("short", "openai", "ki2api", Sample(failure="1 of 2 frames arrived"))
    told = report.tables(results, [LOADS["short"]])
    assert "| short: CPU a request, µs | 10 | failed |" in told
    assert "short/openai, ki2api: 1 of 2 frames arrived" in told

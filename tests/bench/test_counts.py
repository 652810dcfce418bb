"""What an answer costs in reads, writes, calls and memory, which a busy machine does not change.

`python -m tests.bench.counts` prints the counts. Who makes something cheaper lowers its limit here.
"""

import subprocess
import sys

import msgspec
import pytest

from tests.bench.counts import Cost, Counted
from tests.bench.machine import ROOT
from tests.bench.targets import ALL

CALLS_A_REQUEST = 1_480
CALLS_A_FRAME = 10
"""In a burst; calls of functions written in Python or C, in the thread of the event loop."""
CALLS_A_READ = 80
"""Of a paced stream, what its request and its frames take left out: on a busy machine one read may
bring several frames."""
BLOCKS_LEFT_BEHIND = 10
"""Blocks of memory, each answer; what is remembered of conversations is not among them."""
TIMES_THE_BODY = 8
"""Bytes that are held at once for each byte of a long request."""
WRITES_BESIDE = 1
"""The head of an answer: its end goes out with what was read last."""
TWICE = 2.3
"""What twice the work may cost; what is quadratic would cost four times as much."""


@pytest.fixture(scope="module")
def counted() -> Counted:
    """All counts, by a process of their own."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.counts"], cwd=ROOT, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr.decode()
    return msgspec.json.decode(run.stdout, type=Counted)


def of(counted: Counted, load: str) -> list[Cost]:
    return [counted.costs[f"{load}/{dialect}"] for dialect in ALL]


def test_each_answer_is_asked_for_once_on_a_connection_that_is_there(counted: Counted) -> None:
    for name, cost in counted.costs.items():
        assert cost.upstream_requests == 1, name
        assert cost.upstream_connections == 0, name
        assert cost.upstream_writes <= 2, name


def test_one_read_of_the_upstream_is_one_write_to_the_client(counted: Counted) -> None:
    for name, cost in counted.costs.items():
        assert cost.client_writes <= cost.upstream_reads + WRITES_BESIDE, name


def test_a_request_and_a_frame_take_no_more_calls_than_they_did(counted: Counted) -> None:
    for short, normal, paced in zip(
        of(counted, "short"), of(counted, "normal"), of(counted, "paced"), strict=True
    ):
        assert short.calls <= CALLS_A_REQUEST
        a_frame = (normal.calls - short.calls) / normal.frames
        assert a_frame <= CALLS_A_FRAME
        of_reads = paced.calls - short.calls - a_frame * paced.frames
        assert of_reads / paced.upstream_reads <= CALLS_A_READ


@pytest.mark.parametrize("load", ["normal", "nonstream"])
def test_a_reply_of_twice_the_length_costs_twice_as_much(counted: Counted, load: str) -> None:
    for once, twice in zip(of(counted, load), of(counted, f"{load}-2"), strict=True):
        assert twice.calls <= TWICE * once.calls
        assert twice.peak <= TWICE * once.peak


@pytest.mark.parametrize("what", ["history", "tools", "text"])
def test_a_request_of_twice_the_size_costs_twice_as_much(counted: Counted, what: str) -> None:
    for once, twice in zip(of(counted, f"{what}-1"), of(counted, f"{what}-2"), strict=True):
        assert twice.calls <= TWICE * once.calls
        assert twice.peak <= TWICE * once.peak


def test_a_long_request_is_not_copied_many_times(counted: Counted) -> None:
    for cost in of(counted, "text-2"):
        assert cost.peak <= TIMES_THE_BODY * cost.size


def test_an_answer_leaves_nothing_behind(counted: Counted) -> None:
    assert counted.left_behind <= BLOCKS_LEFT_BEHIND

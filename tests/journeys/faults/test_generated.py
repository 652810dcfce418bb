"""Some of the generated faulty streams; the command in `generated.py` makes thousands."""

from tests.journeys.faults.generated import DIALECTS, cases, swept

COUNT = 16


def test_no_generated_fault_makes_a_stream_that_looks_whole() -> None:
    ends, broken = swept(COUNT, seed=2)
    assert broken == []
    assert ends.total() == COUNT * len(DIALECTS)
    assert ends["broken off"] > COUNT
    assert ends["ended"] > 0


def test_the_same_seed_makes_the_same_faults() -> None:
    assert [*cases(50, 3)] == [*cases(50, 3)] != [*cases(50, 4)]

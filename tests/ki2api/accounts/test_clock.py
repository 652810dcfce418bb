import time

from ki2api.accounts.clock import SteadyClock


def test_the_clock_tells_the_time_of_the_day() -> None:
    assert abs(SteadyClock()() - time.time()) < 5


def test_the_clock_goes_on_with_the_steady_one() -> None:
    clock = SteadyClock()
    before = time.monotonic()
    first, second = clock(), clock()
    after = time.monotonic()

    assert 0 <= second - first <= after - before

import time

from ki2api.accounts.clock import steady_time


def test_the_clock_tells_the_time_of_the_day() -> None:
    assert abs(steady_time() - time.time()) < 5


def test_the_clock_goes_on_with_the_steady_one() -> None:
    before = time.monotonic()
    first, second = steady_time(), steady_time()
    after = time.monotonic()

    assert 0 <= second - first <= after - before

import random

import pytest

from ki2api.estimate import Estimate
from ki2api.estimate.calibration import HIDDEN, Calibration, Line
from ki2api.events import Usage

SIZES = (30, 500, 5_000, 20_000, 60_000, 120_000)


def taught(
    hidden: float, factor: float, *, reports: int = 80, noise: float = 0.05, odd: float = 0
) -> Line:
    line, chance = Line(), random.Random(1)  # noqa: S311 - not for secrets
    for _ in range(reports):
        estimated = chance.choice(SIZES) * chance.uniform(0.7, 1.3)
        reported = (hidden + factor * estimated) * chance.uniform(1 - noise, 1 + noise)
        if chance.random() < odd:
            reported *= chance.choice((0.001, 0.2, 5, 1_000))
        line.learn(estimated, reported)
    return line


def test_it_begins_at_what_is_commonly_known() -> None:
    assert Line().at(1_000) == HIDDEN + 1_000


@pytest.mark.parametrize(
    ("hidden", "factor"), [(4_100, 1.0), (4_100, 1.25), (9_000, 0.85), (300, 1.1), (4_100, 1.6)]
)
def test_it_finds_the_prompt_and_the_measure_of_a_model(hidden: float, factor: float) -> None:
    line = taught(hidden, factor)
    for estimated in SIZES:
        assert line.at(estimated) == pytest.approx(hidden + factor * estimated, rel=0.08)


def test_odd_reports_do_not_poison_it() -> None:
    line = taught(4_100, 1.2, odd=0.15)
    assert line.at(50_000) == pytest.approx(64_100, rel=0.08)


def test_a_single_report_moves_it_little() -> None:
    line = taught(4_100, 1.0)
    line.learn(50_000, 2.9 * 54_100)
    assert line.at(50_000) < 1.1 * 54_100


def test_a_window_that_is_listed_wrongly_teaches_nothing() -> None:
    line = Line()
    for _ in range(50):
        line.learn(50_000, 5 * 54_100)
    assert line == Line()


@pytest.mark.parametrize(("hidden", "factor"), [(0, 0.45), (0, 2.9), (12_000, 2.0)])
def test_it_stays_within_bounds(hidden: float, factor: float) -> None:
    line = taught(hidden, factor)
    assert 0 <= line.hidden <= 20_000
    assert 0.6 <= line.factor <= 1.7


def test_requests_of_one_size_leave_the_rest_as_it_was() -> None:
    line = Line()
    for _ in range(300):
        line.learn(100_000, 124_100)
    assert line.at(100_000) == pytest.approx(124_100, rel=0.02)
    assert line.at(0) == pytest.approx(HIDDEN, rel=0.2)


def learnt(usage: Usage, *, attached: int = 0) -> int:
    calibration = Calibration()
    calibration.learn("m", 200_000, Estimate(50_000, attached), usage)
    return calibration.of("m").reports


def test_it_learns_from_what_kiro_reports_alone() -> None:
    assert learnt(Usage(60_000, 100, "derived", context_percent=30.0)) == 1
    assert learnt(Usage(30_000, 100, "upstream", cache_read=24_000)) == 1
    assert learnt(Usage(54_100, 100, "estimate")) == 0
    assert learnt(Usage(54_100, 100, "estimate", context_percent=0.0)) == 0
    assert learnt(Usage(200_000, 100, "derived", context_percent=100.0)) == 0
    assert learnt(Usage(60_000, 100, "derived", context_percent=30.0), attached=1_500) == 0


def test_each_model_has_a_line_of_its_own_and_they_are_not_too_many() -> None:
    calibration = Calibration()
    for number in range(300):
        calibration.learn(
            f"m{number}", 200_000, Estimate(50_000), Usage(0, 0, "derived", context_percent=30.0)
        )
    assert calibration.of("m0").reports == 1
    assert calibration.of("m299") == Line()

import pytest

from ki2api.kiro.limits import Limits, surely_within, weight


@pytest.mark.parametrize(("text", "heavy"), [("", 0), ("abc", 3), ("é", 8), ("a春b👋", 18)])
def test_text_outside_ascii_is_heavy(text: str, heavy: int) -> None:
    assert weight(text.encode()) == heavy
    assert surely_within(len(text.encode()), heavy * 8)


def test_the_quick_look_never_lets_a_heavy_text_pass() -> None:
    text = "é" * 100
    assert weight(text.encode()) == 800
    assert surely_within(len(text.encode()), 800)
    assert not surely_within(len(text.encode()), 799)


@pytest.mark.parametrize(
    ("window", "limit"), [(128_000, 1_000), (200_000, 1_000), (272_000, 1_360), (1_000_000, 2_600)]
)
def test_the_limit_grows_with_the_window(window: int, limit: int) -> None:
    assert Limits(max_weight=1_000).weight_for(window) == limit

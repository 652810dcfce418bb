import pytest

from ki2api.errors import ContextTooLong
from ki2api.kiro.overflow import add_figures, check_fits, too_long


@pytest.mark.parametrize(
    ("tokens", "reports", "fits"),
    [
        (200_000, 9, True),
        (249_000, 9, True),
        (251_000, 9, False),
        (251_000, 2, True),
        (399_000, 0, True),
        (401_000, 0, False),
    ],
)
def test_only_what_surely_does_not_fit_is_refused(tokens: int, reports: int, fits: bool) -> None:  # noqa: FBT001 - a table
    if fits:
        check_fits(tokens, 200_000, reports)
    else:
        with pytest.raises(ContextTooLong) as refused:
            check_fits(tokens, 200_000, reports)
        assert (refused.value.tokens, refused.value.most) == (tokens, 200_000)


def test_kiros_refusal_names_the_figures_where_our_estimate_agrees() -> None:
    refusal = ContextTooLong("It does not fit.")
    add_figures(refusal, 199_000, 200_000)
    assert (refusal.tokens, refusal.most) == (None, None)
    add_figures(refusal, 201_000, 200_000)
    assert (refusal.tokens, refusal.most) == (201_000, 200_000)


def test_figures_that_are_there_stay() -> None:
    refusal = too_long(9, 8)
    add_figures(refusal, 201_000, 200_000)
    assert (refusal.tokens, refusal.most) == (9, 8)

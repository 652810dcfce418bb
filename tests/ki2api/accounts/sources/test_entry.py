from ki2api.accounts.sources.entry import Entry, laid_over
from pipeline.secret import Secret


def test_what_the_upper_entry_says_wins_and_the_rest_shows_through() -> None:
    lower = Entry(refresh_token=Secret("r"), client_id="theirs", region="eu-west-1", weight=2)
    upper = Entry(client_id="mine", region="us-east-1", disabled=False)

    both = laid_over(upper, lower)

    assert (both.refresh_token, both.weight) == (Secret("r"), 2)
    assert (both.client_id, both.region, both.disabled) == ("mine", "us-east-1", False)


def test_a_region_that_is_laid_over_wins_over_that_of_the_identity_center() -> None:
    lower = Entry(region="us-east-1", idc_region="eu-west-1")

    assert lower.region == "eu-west-1"
    assert laid_over(Entry(region="eu-north-1"), lower).region == "eu-north-1"

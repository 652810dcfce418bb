import pytest

from ki2api.accounts.profile import SHARED_PROFILES, api_region, is_profile_arn, is_region

EUROPE = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABCDEFGHIJKL"


@pytest.mark.parametrize(
    ("sign_in", "api"),
    [
        ("us-east-1", "us-east-1"),
        ("us-west-2", "us-east-1"),
        ("ap-southeast-1", "us-east-1"),
        ("eu-north-1", "eu-central-1"),
        ("sa-east-1", "us-east-1"),
        ("us-gov-west-1", "us-gov-west-1"),
    ],
)
def test_the_region_of_the_api_follows_that_of_the_sign_in(sign_in: str, api: str) -> None:
    assert api_region("", sign_in) == api


def test_the_region_within_the_profile_arn_wins() -> None:
    assert api_region(EUROPE, "us-east-1") == "eu-central-1"


def test_the_shared_profiles_have_the_shape_of_an_arn() -> None:
    assert is_profile_arn(SHARED_PROFILES["social"])
    assert is_profile_arn(SHARED_PROFILES["oidc"])
    assert SHARED_PROFILES["oidc"] == SHARED_PROFILES["builder-id"]
    assert is_profile_arn(EUROPE.replace("arn:aws:", "arn:aws-us-gov:"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "arn:aws:s3:::bucket",
        EUROPE + "\n",
        EUROPE.replace("eu-", "evil.example/eu-"),
        EUROPE + "A" * 3_000_000,
    ],
)
def test_other_texts_are_no_profile_arn(text: str) -> None:
    assert not is_profile_arn(text)


@pytest.mark.parametrize("text", ["", "us-east-1.evil.example", "us-east-1/", "US-EAST-1", "x"])
def test_what_could_change_a_host_name_is_no_region(text: str) -> None:
    assert not is_region(text)

"""The profiles of an account as Kiro lists them."""

from ki2api.kiro.control.profiles import read_profiles
from ki2api.kiro.control.reading import Page

ARN = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABC"


def test_profiles_are_read_without_those_out_of_use() -> None:
    body = (
        '{"profiles":[{"arn":"%s","profileName":"KiroProfile-eu-central-1","status":"ACTIVE"},'
        '{"arn":"arn:2","status":"DELETING"},{"arn":"arn:3"},{"profileName":"x"},null],'
        '"nextToken":"p2"}'
    )
    assert read_profiles((body % ARN).encode()) == Page((ARN, "arn:3"), "p2")
    assert read_profiles(b"{}") == Page(())

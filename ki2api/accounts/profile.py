"""Profile ARNs and regions: which profile a call names, and which region it goes to."""

import re
from functools import lru_cache

REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
PROFILE_ARN = re.compile(
    r"arn:aws[a-z-]*:codewhisperer:(?P<region>[a-z]{2}(-[a-z]+)+-[0-9]):[0-9]{12}:profile/[\w-]+",
    re.ASCII,
)
_LONGEST_ARN = 256

BUILDER_PROFILE = "arn:aws:codewhisperer:us-east-1:638616132270:profile/AAAACCCCXXXX"
SHARED_PROFILES = {
    "social": "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK",
    "builder-id": BUILDER_PROFILE,
    # An OIDC login of which nothing more is known is taken for the more common of the two.
    "oidc": BUILDER_PROFILE,
}
"""The profile that all logins of a label share (docs/kiro.md §1.7)."""
API_REGIONS = ("us-east-1", "eu-central-1")
"""Where Kiro's API answers, but for the two regions of us-gov (docs/kiro.md §2.1)."""


def is_region(text: str) -> bool:
    """Tell whether the text may stand in a host name as a region."""
    return REGION.fullmatch(text) is not None


def is_profile_arn(text: str) -> bool:
    """Tell whether the text is an ARN of the shape that Kiro gives."""
    return len(text) <= _LONGEST_ARN and PROFILE_ARN.fullmatch(text) is not None


@lru_cache(maxsize=256)  # of an account it is asked at every request
def api_region(profile_arn: str, sign_in_region: str) -> str:
    """Return the region of Kiro's API: the profile's own, else the one that serves the sign-in's.

    docs/kiro.md §2.1: Kiro answers in us-east-1, eu-central-1 and the two us-gov regions.
    """
    if match := PROFILE_ARN.fullmatch(profile_arn):
        return match["region"]
    if sign_in_region.startswith("us-gov-"):
        return sign_in_region
    return "eu-central-1" if sign_in_region.startswith("eu-") else "us-east-1"

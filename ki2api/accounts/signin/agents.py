"""How we introduce ourselves to the sign-in services: in the form they expect, by our own name."""

import platform
from uuid import uuid4

import ki2api

SOCIAL_AGENT = f"KiroIDE-0.12.155 ki2api/{ki2api.__version__}"
"""docs/kiro.md §1.2."""
SDK_AGENT = (
    f"aws-sdk-js/3.980.0 ua/2.1 os/{platform.system().lower()}#{platform.release()} lang/js "
    f"md/nodejs#22.21.1 api/sso-oidc#3.980.0 m/E KiroIDE ki2api/{ki2api.__version__}"
)
"""docs/kiro.md §1.3."""
OWN_AGENT = f"ki2api/{ki2api.__version__}"
"""For services that are not Kiro's."""


def social_headers() -> dict[str, str]:
    """Return what a question to the service of social logins carries (docs/kiro.md §1.2)."""
    return {
        "content-type": "application/json",
        "accept": "application/json, text/plain, */*",
        "user-agent": SOCIAL_AGENT,
    }


def oidc_headers() -> dict[str, str]:
    """Return what a question to an OIDC service of AWS carries (docs/kiro.md §1.3)."""
    return {
        "content-type": "application/json",
        "accept": "application/json",
        "x-amz-user-agent": "aws-sdk-js/3.980.0 KiroIDE",
        "user-agent": SDK_AGENT,
        "amz-sdk-invocation-id": str(uuid4()),
        "amz-sdk-request": "attempt=1; max=1",
    }

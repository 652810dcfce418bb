"""The sign-in services of Builder ID and Identity Center, one a region (docs/kiro.md §1.3)."""

from typing import Any

import msgspec

from ki2api.accounts.account import Credential
from ki2api.accounts.signin.agents import oidc_headers
from ki2api.accounts.signin.exchange import Question
from pipeline.secret import Secret


def refresh_question(base_url: str, credential: Credential, refresh_token: Secret) -> Question:
    """Ask for a new access token."""
    body = {
        "clientId": credential.client_id,
        "clientSecret": credential.client_secret.reveal() if credential.client_secret else "",
        "refreshToken": refresh_token.reveal(),
        "grantType": "refresh_token",
    }
    return question(f"{base_url}/token", body)


def question(url: str, body: dict[str, Any]) -> Question:
    """Make a question of this service: JSON, with the headers of an AWS SDK."""
    return Question(url, oidc_headers(), Secret(msgspec.json.encode(body).decode()))

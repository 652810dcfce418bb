"""The sign-in service of Google and GitHub logins (docs/kiro.md §1.2)."""

import msgspec

from ki2api.accounts.signin.agents import social_headers
from ki2api.accounts.signin.exchange import Question
from pipeline.secret import Secret


def refresh_question(base_url: str, refresh_token: Secret) -> Question:
    """Ask for a new access token."""
    return question(f"{base_url}/refreshToken", {"refreshToken": refresh_token.reveal()})


def question(url: str, body: dict[str, str]) -> Question:
    """Make a question of this service: JSON, with the header by which it knows the IDE."""
    return Question(url, social_headers(), Secret(msgspec.json.encode(body).decode()))

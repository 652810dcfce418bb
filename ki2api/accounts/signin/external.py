"""The token endpoint of an organization's own identity provider, Entra say (docs/kiro.md §1.4)."""

from urllib.parse import urlencode

from ki2api.accounts.account import Credential
from ki2api.accounts.signin.agents import OWN_AGENT
from ki2api.accounts.signin.exchange import Question
from pipeline.secret import Secret


def refresh_question(credential: Credential, refresh_token: Secret) -> Question:
    """Ask for a new access token; such clients are public and have no secret."""
    form = {
        "grant_type": "refresh_token",
        "client_id": credential.client_id,
        "refresh_token": refresh_token.reveal(),
        "scope": credential.scopes,
    }
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "accept": "application/json",
        "user-agent": OWN_AGENT,
    }
    return Question(credential.token_endpoint, headers, Secret(urlencode(form)))

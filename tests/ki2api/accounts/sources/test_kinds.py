from typing import Any

import pytest

from ki2api.accounts.account import Kind
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.sources.kinds import sign_in_kind
from pipeline.secret import Secret

CLIENT = {"client_id": "id", "client_secret": Secret("s")}
ENDPOINT = {"token_endpoint": "https://example.okta.com/token", "client_id": "id"}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({}, "social"),
        ({"provider": "Google"}, "social"),
        ({"auth_method": "social", "client_id": "id"}, "social"),
        ({"auth_method": "unheard-of"}, "social"),
        (CLIENT, "oidc"),
        ({"auth_method": "IdC"} | CLIENT, "oidc"),
        ({"auth_method": "idc", "provider": "BuilderId"} | CLIENT, "oidc"),
        ({"start_url": "https://d-1.awsapps.com/start"} | CLIENT, "oidc"),
        (ENDPOINT, "external-idp"),
        ({"auth_method": "external_idp"} | ENDPOINT, "external-idp"),
        ({"provider": "ExternalIdp"} | ENDPOINT, "external-idp"),
    ],
)
def test_the_kind_is_worked_out_from_what_is_said(said: dict[str, Any], kind: Kind) -> None:
    assert sign_in_kind(Entry(**said), "PLACE") == kind


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"auth_method": "IdC"}, "the client registration is missing: add clientId"),
        ({"provider": "BuilderId"}, "the client registration is missing"),
        ({"provider": "Enterprise"}, "the client registration is missing"),
        ({"start_url": "https://d-1.awsapps.com/start"}, "the client registration is missing"),
        ({"client_id": "id"}, "the client secret is missing"),
        ({"client_secret": Secret("s")}, "the client id is missing"),
        ({"auth_method": "external_idp"}, "and the token endpoint is missing"),
        ({"token_endpoint": "https://example.okta.com/token"}, "and the client id is missing"),
    ],
)
def test_what_is_missing_is_named(said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(AccountsUnreadable, match=f"^PLACE.*{complaint}"):
        sign_in_kind(Entry(**said), "PLACE")

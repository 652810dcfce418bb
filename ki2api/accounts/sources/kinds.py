"""Which kind of sign-in an account is, and what it lacks for that (docs/kiro.md §1.11)."""

from ki2api.accounts.account import Kind
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.entry import Entry

_OIDC = frozenset({"idc", "builderid", "enterprise", "internal"})
_EXTERNAL = frozenset({"externalidp"})


def sign_in_kind(entry: Entry, where: str) -> Kind:
    """Decide the kind of a login; raises AccountsUnreadable, which names what is missing."""
    method = _word(entry.auth_method) or _word(entry.provider)
    if method == "social":
        return "social"
    if method in _EXTERNAL or entry.token_endpoint:
        return _external_idp(entry, where)
    if method in _OIDC or entry.start_url or entry.client_id or entry.client_secret:
        return _oidc(entry, where)
    return "social"


def _word(text: str | None) -> str:
    """Return a method or a provider in one spelling."""
    return (text or "").lower().replace("_", "").replace("-", "")


def _external_idp(entry: Entry, where: str) -> Kind:
    for value, what in ((entry.token_endpoint, "token endpoint"), (entry.client_id, "client id")):
        if not value:
            raise AccountsUnreadable(
                f"{where} is a login through an external identity provider, and the {what} is "
                "missing",
                "add it, or log in again",
            )
    return "external-idp"


def _oidc(entry: Entry, where: str) -> Kind:
    if not (entry.client_id or entry.client_secret):
        raise AccountsUnreadable(
            f"{where}: the client registration is missing",
            "add clientId and clientSecret, or log in again",
        )
    if not (entry.client_id and entry.client_secret):
        missing = "client secret" if entry.client_id else "client id"
        raise AccountsUnreadable(f"{where}: the {missing} is missing", "both or none are needed")
    return "oidc"

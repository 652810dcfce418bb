"""The address that an external identity provider renews tokens at, before it is sent one."""

import re
from collections.abc import Collection

from ki2api.accounts.sources.complaints import AccountsUnreadable

# The address stands in a file, so a token goes only to hosts that nobody but a provider can have
# (docs/kiro.md §1.4). Kiro's external logins are known from Entra and Okta; other providers, and
# domains of one's own before these, are left out until somebody shows that Kiro takes them.
_HOSTS = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
    }
)
_DOMAINS = (".okta.com", ".oktapreview.com", ".okta-emea.com")
# Stricter than any parser of URLs, so that no two of them can read different hosts in it.
_URL = re.compile(
    r"(?P<origin>(?P<scheme>https?)://(?P<host>[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?)"
    r"(?:/[A-Za-z0-9._~/-]*)?",
)


def checked_token_endpoint(url: str, where: str, trusted: Collection[str] = ()) -> str:
    """Return an address that a token may be sent to; raises AccountsUnreadable for any other.

    `trusted` are URLs that the person set as Kiro's own services: what has the same scheme, host
    and port as one of these is believed, also without TLS.
    """
    parts = _URL.fullmatch(url)
    if parts is None or not (_is_a_providers(parts) or parts["origin"] in _origins(trusted)):
        raise AccountsUnreadable(
            f"{where}: the token endpoint must be an https address of Microsoft or Okta, such as "
            "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token: tokens are sent to no "
            "other; use another login, or an API key"
        )
    return url


def _is_a_providers(parts: re.Match[str]) -> bool:
    if parts["scheme"] != "https" or parts["port"] not in {None, "443"}:
        return False
    return parts["host"] in _HOSTS or parts["host"].endswith(_DOMAINS)


def _origins(urls: Collection[str]) -> set[str]:
    return {parts["origin"] for url in urls if (parts := _URL.fullmatch(url))}

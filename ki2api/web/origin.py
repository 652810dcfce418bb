"""Which host names and web origins may ask: a page in the owner's browser must not.

A page of another origin gets nothing while it must guess the key; with the documented default key
the host name is the last defence against DNS rebinding.
"""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from re import compile as pattern
from urllib.parse import urlsplit

from ki2api.errors import Forbidden

_HOST = pattern(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[A-Za-z0-9_.-]+))(?::\d{1,5})?")
_OWN_SITES = {"none", "same-origin"}
"""What a browser says of a call that a person or our own page makes; a neighbouring port is not."""
_OWN_NAMES = {"localhost", "host.docker.internal", "host.containers.internal"}


class Neighbourhood:
    """The host names and origins that are allowed beside our own."""

    def __init__(self, hosts: Sequence[str] = (), origins: Sequence[str] = ()) -> None:
        self._hosts = {host.lower() for host in hosts}
        self._origins = {origin.lower().rstrip("/") for origin in origins}
        self._last: str | None = None

    def check(self, headers: Mapping[str, str], *, any_host: bool) -> None:
        """Let a call pass or raise Forbidden; `any_host` leaves the host name unchecked."""
        host = headers.get("host", "")
        if not any_host and not self._near(host):
            raise Forbidden(
                f"The host name {host[:100]!r} is not one of this gateway's:"
                " list it under [server] hosts, or set API_KEY to a key of your own."
            )
        origin = headers.get("origin", "").lower()
        if origin and not self._own(origin, host) and origin not in self._origins:
            raise Forbidden("A web page of another origin asks: list it under [server] origins.")
        site = headers.get("sec-fetch-site", "none").lower()
        if site not in _OWN_SITES and origin not in self._origins:
            raise Forbidden("A web page of another site asks: list it under [server] origins.")

    def _near(self, host: str) -> bool:
        # Most come by the same name as the one before.
        if host == self._last:
            return True
        near = self._is_near(host)
        if near:
            self._last = host
        return near

    def _is_near(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        if match["six"]:
            return _is_address(match["six"])
        name = match["name"].lower()
        return (
            name in _OWN_NAMES
            or name in self._hosts
            or name.endswith(".localhost")
            or _is_address(name)
            or ("." not in name and not name.isdigit())
        )

    @staticmethod
    def _own(origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
        except ValueError:  # such as http://[x
            return False
        return parts.scheme in {"http", "https"} and parts.netloc == host.lower()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

"""Addresses that a person set: what is wrong with one is said before it is needed."""

import re
from urllib.parse import urlsplit

from pipeline.errors import did_you_mean

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")


def address_fault(url: str, *, example: str) -> str:
    """Say what is wrong with a URL that may hold {region}; nothing if it can be used."""
    for name in _PLACEHOLDER.findall(url):
        if name != "region":
            return f"only {{region}} is filled in, not {{{name}}}{did_you_mean(name, ['region'])}"
    if not _is_address(_PLACEHOLDER.sub("us-east-1", url)):
        return f"expected an http or https address, such as {example}"
    return ""


def _is_address(url: str) -> bool:
    if not url.isascii() or re.search(r"[\s{}?#@\\]", url):
        return False  # nothing can follow a query, and a password would stand in the open
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return False
    host = parts.netloc.removesuffix(port)
    return parts.scheme in {"http", "https"} and bool(_HOST.fullmatch(host))

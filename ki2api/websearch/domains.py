"""Which pages a caller's lists of domains let through; Kiro's search knows no such lists."""

from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from ki2api.conversation import WebSearch


def is_wanted(url: str, search: WebSearch) -> bool:
    """Tell whether a page is of an allowed domain, where any is named, and of no blocked one."""
    if any(_is_of(url, domain) for domain in search.blocked_domains):
        return False
    allowed = search.allowed_domains
    return not allowed or any(_is_of(url, domain) for domain in allowed)


def _is_of(url: str, domain: str) -> bool:
    """Tell whether a page is of a domain, or below it: `example.com`, or `example.com/blog`."""
    _, _, bare = domain.rpartition("://")
    name, slash, path = bare.strip().partition("/")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    wanted = name.lower().removeprefix("*.").rstrip(".")
    if host != wanted and not host.endswith(f".{wanted}"):
        return False
    return not slash or fnmatchcase(parts.path.lstrip("/"), f"{path}*")

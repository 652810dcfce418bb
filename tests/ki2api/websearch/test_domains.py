"""Which pages a caller's domains let through."""

import pytest

from ki2api.conversation import WebSearch
from ki2api.websearch.domains import is_wanted


@pytest.mark.parametrize(
    ("url", "domain", "found"),
    [
        ("https://example.com/a", "example.com", True),
        ("https://docs.example.com:8443/a", "example.com", True),
        ("https://EXAMPLE.com/a", "https://Example.com", True),
        ("https://docs.example.com/a", "*.example.com", True),
        ("https://notexample.com/a", "example.com", False),
        ("https://example.com.evil.net/a", "example.com", False),
        ("https://example.com/", "docs.example.com", False),
        ("https://example.com/blog/1", "example.com/blog", True),
        ("https://example.com/shop", "example.com/blog", False),
        ("https://example.com/en/blog/1", "example.com/*/blog", True),
        ("https://[broken/", "example.com", False),
        ("https:///nothing", "example.com", False),
    ],
)
def test_a_domain_holds_what_is_below_it(url: str, domain: str, found: object) -> None:
    assert is_wanted(url, WebSearch(allowed_domains=(domain,))) is found
    assert is_wanted(url, WebSearch(blocked_domains=(domain,))) is not found


def test_without_domains_every_page_is_wanted() -> None:
    assert is_wanted("https://example.com/", WebSearch())

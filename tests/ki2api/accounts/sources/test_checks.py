from typing import Any

import pytest

from ki2api.accounts.sources.checks import checked_proxy, joined_scopes, moment
from ki2api.accounts.sources.complaints import AccountsUnreadable
from pipeline.secret import Secret

MOMENT = 1_767_148_365.0  # 2025-12-31T02:32:45Z


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2025-12-31T02:32:45.144Z", MOMENT + 0.144),
        ("2025-12-31T02:32:45Z", MOMENT),
        ("2025-12-31T02:32:45", MOMENT),
        ("2025-12-31T04:32:45+02:00", MOMENT),
        ("2025-12-31T02:32:45.000000000Z", MOMENT),
        ("2025-12-31T02:32:45.144999999999Z", MOMENT + 0.144999),
        ("2025-12-31T04:32:45.1440000000000+02:00", MOMENT + 0.144),
        ("soon", None),
        ("", None),
        (None, None),
        (1767148365, None),
    ],
)
def test_the_end_of_a_token_is_read_in_each_form(text: Any, seconds: float | None) -> None:
    assert moment(text) == pytest.approx(seconds)


@pytest.mark.parametrize("given", ["a b", " a  b ", ["a", "b"]])
def test_scopes_stand_apart_by_one_space(given: str | list[str]) -> None:
    assert joined_scopes(given) == "a b"


def test_no_scopes_are_an_empty_text() -> None:
    assert joined_scopes(None) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://proxy:3128",
        "https://proxy.example",
        "http://me:p%40ss@10.0.0.1:8080/",
        "http://[::1]:3128",
    ],
)
def test_proxies_of_http_are_taken(url: str) -> None:
    assert checked_proxy(Secret(f" {url}\n"), "PLACE") == Secret(url)


@pytest.mark.parametrize(
    "url", ["socks5://hush:1", "hush:3128", "http://", "http://hush/path", "http://a b"]
)
def test_other_proxies_are_refused_and_not_shown(url: str) -> None:
    with pytest.raises(AccountsUnreadable, match=r"^PLACE: the proxy must be like") as refused:
        checked_proxy(Secret(url), "PLACE")

    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("secret", [None, Secret(""), Secret(" ")])
def test_an_empty_proxy_is_none(secret: Secret | None) -> None:
    assert checked_proxy(secret, "PLACE") is None

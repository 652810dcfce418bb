"""The key ring."""

import pytest

from ki2api.errors import Unauthenticated
from ki2api.keys import DEFAULT_KEY, KeyRing, label
from pipeline import Secret

OWN = Secret("sk-my-own-key")


def bearer(key: str, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}", **more}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer sk-my-own-key"},
        {"authorization": "bearer   sk-my-own-key "},
        {"x-api-key": "sk-my-own-key"},
        {"authorization": "Bearer sk-my-own-key", "x-api-key": "sk-my-own-key"},
        {"authorization": "Basic abc", "x-api-key": "sk-my-own-key"},
    ],
)
def test_a_right_key_opens_in_either_header(headers: dict[str, str]) -> None:
    assert KeyRing([OWN]).admit(headers, "203.0.113.9") == label(OWN)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": "sk-my-own-key"},
        {"authorization": "Bearer sk-my-own-ke"},
        {"authorization": "Bearer sk-my-own-key2"},
        {"x-api-key": "ключ"},
        {"x-api-key": "\udcff"},
    ],
)
def test_anything_else_does_not(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated, match="missing or not a right one"):
        KeyRing([OWN]).admit(headers, "127.0.0.1")


def test_two_different_keys_are_refused() -> None:
    with pytest.raises(Unauthenticated, match="two different keys"):
        KeyRing([OWN]).admit(bearer("sk-my-own-key", **{"x-api-key": "other"}), "127.0.0.1")


def test_an_empty_configured_key_opens_nothing() -> None:
    with pytest.raises(Unauthenticated):
        KeyRing([Secret("")]).admit({}, "127.0.0.1")


def test_labels_give_nothing_of_the_key_away() -> None:
    assert label(Secret(DEFAULT_KEY)) == "default"
    assert "sk" not in label(OWN)
    assert label(OWN) != label(Secret("sk-my-own-key2"))


@pytest.mark.parametrize(
    "peer",
    [
        "",
        "127.0.0.1",
        "10.0.2.100",
        "172.17.0.1",
        "192.168.1.7",
        "169.254.1.1",
        "::1",
        "fd00::1",
        "fe80::1%eth0",
        "::ffff:192.168.0.2",
    ],
)
def test_the_default_key_works_from_near(peer: str) -> None:
    assert KeyRing([Secret(DEFAULT_KEY)]).admit(bearer(DEFAULT_KEY), peer) == "default"


@pytest.mark.parametrize("peer", ["8.8.8.8", "2001:4860::8888", "::ffff:8.8.8.8", "0.0.0.0", "x.y"])
def test_the_default_key_does_not_work_from_afar(peer: str) -> None:
    with pytest.raises(Unauthenticated, match="set API_KEY"):
        KeyRing([Secret(DEFAULT_KEY)]).admit(bearer(DEFAULT_KEY), peer)


@pytest.mark.parametrize(
    ("header", "value", "opens"),
    [
        ("x-forwarded-for", "192.168.1.5", True),
        ("x-forwarded-for", "8.8.8.8", False),
        ("x-forwarded-for", "192.168.1.5, 8.8.8.8", False),
        ("forwarded", 'for=10.1.1.1;proto=http, for="[fd00::2]"', True),
        ("forwarded", 'for="[2001:4860::8888]:4711"', False),
        ("x-forwarded-for", "unknown", False),
        ("forwarded", "For=10.1.1.1:80", True),
        ("forwarded", "for=unknown", False),
        ("forwarded", "for=_hidden, for=10.0.0.1", False),
        ("forwarded", 'for=""', False),
    ],
)
def test_a_proxy_can_only_make_the_rule_stricter(header: str, value: str, *, opens: bool) -> None:
    ring = KeyRing([Secret(DEFAULT_KEY)])
    headers = bearer(DEFAULT_KEY, **{header: value})
    if opens:
        assert ring.admit(headers, "127.0.0.1") == "default"
    else:
        with pytest.raises(Unauthenticated):
            ring.admit(headers, "127.0.0.1")
    with pytest.raises(Unauthenticated):
        ring.admit(headers, "8.8.4.4")


def test_a_key_of_ones_own_works_from_anywhere_and_retires_the_default() -> None:
    ring = KeyRing([OWN])
    assert not ring.default_active
    assert ring.admit(bearer("sk-my-own-key", **{"x-forwarded-for": "8.8.8.8"}), "8.8.8.8")
    with pytest.raises(Unauthenticated):
        ring.admit(bearer(DEFAULT_KEY), "127.0.0.1")


def test_a_key_beyond_ascii_is_compared_by_its_bytes() -> None:
    ring = KeyRing([Secret("ключ")])
    assert ring.admit({"x-api-key": "ключ".encode().decode("latin-1")}, "127.0.0.1")

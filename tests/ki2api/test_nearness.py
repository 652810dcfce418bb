"""From where a call comes, by its peer and by what proxies say."""

import pytest

from ki2api.nearness import near

NEAR = [
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
]
FAR = [
    "8.8.8.8",
    "172.32.0.1",
    "100.64.0.1",
    "2001:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "0.0.0.0",
    "::",
    "x.y",
]


@pytest.mark.parametrize("peer", NEAR)
def test_private_peers_are_near(peer: str) -> None:
    assert near({}, peer)


@pytest.mark.parametrize("peer", FAR)
def test_all_others_are_not(peer: str) -> None:
    assert not near({}, peer)


@pytest.mark.parametrize(
    "header",
    [
        "x-forwarded-for",
        "x-original-forwarded-for",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "cf-connecting-ipv6",
        "fastly-client-ip",
        "fly-client-ip",
    ],
)
def test_every_header_that_names_a_client_counts(header: str) -> None:
    assert near({header: "192.168.1.5"}, "127.0.0.1")
    for far in ("8.8.8.8", "192.168.1.5, 8.8.8.8", "8.8.8.8,10.0.0.1", "unknown", "", "10.0.0.1,"):
        assert not near({header: far}, "127.0.0.1"), far


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({"x-forwarded-for": "10.0.0.1:4711, [fd00::2]:80, [fd00::3]"}, True),
        ({"x-forwarded-for": "8.8.8.8:4711"}, False),
        ({"forwarded": 'for=10.1.1.1;proto=http, for="[fd00::2]"'}, True),
        ({"forwarded": "For=10.1.1.1:80"}, True),
        ({"forwarded": 'for="[2001:4860::8888]:4711"'}, False),
        ({"forwarded": "for=unknown"}, False),
        ({"forwarded": "for=_hidden, for=10.0.0.1"}, False),
        ({"forwarded": 'for=""'}, False),
        ({"forwarded": "xfor=10.0.0.1"}, False),
        ({"forwarded": "proto=https"}, False),
        ({"forwarded": "for=10.0.0.1;for=8.8.8.8"}, False),
        ({"forwarded": ""}, False),
        ({"x-forwarded-for": "10.0.0.1", "x-real-ip": "8.8.8.8"}, False),
        ({"via": "1.1 proxy.lan"}, False),
        ({"via": "1.1 proxy.lan", "x-forwarded-for": "10.0.0.1"}, True),
        ({"via": "1.1 8.8.8.8:3128", "x-forwarded-for": "10.0.0.1"}, False),
        ({"via": "1.1 10.0.0.2, 1.1 a (8.8.8.8)", "x-forwarded-for": "10.0.0.1"}, True),
        ({"via": "", "x-real-ip": "10.0.0.1"}, True),
        ({"cdn-loop": "cloudflare"}, False),
        ({"x-forwarded-host": "gate.example"}, False),
        ({"x-forwarded-proto": "https"}, False),
        ({"x-forwarded-proto": "https", "x-real-ip": "10.0.0.1"}, True),
    ],
)
def test_a_proxy_must_say_for_whom_it_asks(headers: dict[str, str], *, answer: bool) -> None:
    assert near(headers, "127.0.0.1") is answer


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-real-ip", "forwarded", "via"])
def test_no_header_makes_a_far_peer_near(header: str) -> None:
    for value in ("127.0.0.1", "for=127.0.0.1", "1.1 localhost", ""):
        assert not near({header: value}, "8.8.4.4")

"""The key ring."""

import ast
import inspect
from textwrap import dedent

import pytest

from ki2api.errors import Unauthenticated
from ki2api.keys import DEFAULT_KEY, KeyRing, NamedKey, hashed, label
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
    with pytest.raises(Unauthenticated, match=r"No API key came|not one of the gateway's"):
        KeyRing([OWN]).admit(headers, "127.0.0.1")


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "No API key came: "),
        (bearer("sk-another"), "This API key is not one of the gateway's."),
        (bearer(DEFAULT_KEY), "The default key no longer works, "),
    ],
)
def test_it_is_told_why_a_key_opens_nothing(headers: dict[str, str], said: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        KeyRing([OWN]).admit(headers, "127.0.0.1")
    assert caught.value.detail.startswith(said)


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


def test_the_default_key_works_from_near_only() -> None:
    ring = KeyRing([Secret(DEFAULT_KEY)])
    assert ring.admit(bearer(DEFAULT_KEY), "192.168.1.7") == "default"
    for headers, peer in (({}, "8.8.8.8"), ({"x-forwarded-for": "8.8.8.8"}, "127.0.0.1")):
        with pytest.raises(Unauthenticated, match="set API_KEY"):
            ring.admit(bearer(DEFAULT_KEY, **headers), peer)


def test_a_key_of_ones_own_works_from_anywhere_and_retires_the_default() -> None:
    ring = KeyRing([OWN])
    assert not ring.default_active
    assert ring.admit(bearer("sk-my-own-key", **{"x-forwarded-for": "8.8.8.8"}), "8.8.8.8")
    with pytest.raises(Unauthenticated):
        ring.admit(bearer(DEFAULT_KEY), "127.0.0.1")


def test_a_key_beyond_ascii_is_compared_by_its_bytes() -> None:
    ring = KeyRing([Secret("ключ")])
    assert ring.admit({"x-api-key": "ключ".encode().decode("latin-1")}, "127.0.0.1")


def test_named_keys_open_the_door_beside_others_and_are_known_by_their_names() -> None:
    named = [NamedKey(name, hashed(Secret(f"sk-{name}-ключ"))) for name in ("laptop", "phone")]
    ring = KeyRing([OWN], named)
    for name in ("laptop", "phone"):
        sent = f"sk-{name}-ключ".encode().decode("latin-1")
        assert ring.admit({"x-api-key": sent}, "203.0.113.9") == name
    assert ring.admit(bearer("sk-my-own-key"), "203.0.113.9") == label(OWN)
    with pytest.raises(Unauthenticated):
        ring.admit(bearer(named[0].hash), "127.0.0.1")


def test_the_default_key_is_known_by_its_hash_too() -> None:
    ring = KeyRing([], [NamedKey("mine", hashed(Secret(DEFAULT_KEY)))])
    assert ring.default_active
    assert ring.admit(bearer(DEFAULT_KEY), "127.0.0.1") == "mine"
    with pytest.raises(Unauthenticated, match="set API_KEY"):
        ring.admit(bearer(DEFAULT_KEY), "8.8.8.8")


def test_every_key_is_compared_whole_whichever_was_sent() -> None:
    """Times are too uneven to be measured here: so what would make them differ must not be there."""
    admit = ast.parse(dedent(inspect.getsource(KeyRing.admit)))
    nodes = list(ast.walk(admit))
    called = {
        node.func.id
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert "compare_digest" in called
    assert not called & {"any", "all", "next"}
    assert not [
        n for n in nodes if isinstance(n, ast.Eq | ast.NotEq | ast.In | ast.NotIn | ast.For)
    ]


@pytest.mark.parametrize("name", ["", "a b", "a\n", "\n", "ключ", ".a", "a" * 65, "a\x1b[m", "a,b"])
def test_a_name_that_could_mislead_a_reader_of_the_log_is_none(name: str) -> None:
    assert "name" in NamedKey(name, hashed(OWN)).faults
    assert NamedKey("a.b_c@d-1", hashed(OWN)).faults == {}


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha256:" + "g" * 64, "sha512:" + "0" * 64, "sha256:" + "0" * 64 + "\n"]
)
def test_what_is_no_hash_is_said_so(text: str) -> None:
    assert "ki2api keys new" in NamedKey("a", text).faults["hash"]

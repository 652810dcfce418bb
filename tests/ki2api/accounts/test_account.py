from itertools import pairwise
from typing import Any

import msgspec
import pytest

from ki2api.accounts.account import BUILDER_ID_URL, AccountConfig, Credential, Standing
from pipeline.secret import Secret


def test_a_credential_shows_no_secret() -> None:
    credential = Credential(
        "work", "oidc", Secret("refresh-x"), Secret("access-x"), client_secret=Secret("client-x")
    )

    assert "-x" not in repr(credential)
    assert "-x" not in credential.fingerprint


def test_a_renamed_account_keeps_its_fingerprint() -> None:
    assert (
        Credential("old", "social", Secret("seed")).fingerprint
        == Credential("new", "social", Secret("seed")).fingerprint
    )


def test_every_change_of_the_secret_parts_gives_another_fingerprint() -> None:
    variants = {
        Credential("a", "social", Secret("seed")).fingerprint,
        Credential("a", "social", Secret("other")).fingerprint,
        Credential("a", "oidc", Secret("seed"), client_id="i").fingerprint,
        Credential("a", "oidc", Secret("seed"), client_id="j").fingerprint,
        Credential(
            "a", "oidc", Secret("seed"), client_id="j", client_secret=Secret("s")
        ).fingerprint,
        Credential("a", "oidc", Secret("seed"), client_id="j", region="eu-west-1").fingerprint,
        Credential("a", "social", access_token=Secret("alone")).fingerprint,
        Credential("a", "api-key", api_key=Secret("ksk_1")).fingerprint,
        Credential("a", "social").fingerprint,
    }

    assert len(variants) == 9


def test_a_graver_standing_outweighs_a_lesser_one_whatever_its_time() -> None:
    rising = [
        Standing("ready"),
        Standing("cooling", until=9e9),
        Standing("needs-login"),
        Standing("exhausted", until=5.0),
        Standing("quarantined", until=5.0),
        Standing("disabled"),
    ]

    for lesser, graver in pairwise(rising):
        assert graver.outweighs(lesser)
        assert not lesser.outweighs(graver)


def test_of_two_equal_standings_the_longer_one_outweighs() -> None:
    half_hour = Standing("quarantined", until=1800.0)
    for_good = Standing("quarantined")

    assert for_good.outweighs(half_hour)
    assert not half_hour.outweighs(for_good)
    assert not half_hour.outweighs(half_hour)


def test_a_standing_lapses_when_its_time_has_come_and_not_without_one() -> None:
    assert not Standing("cooling", until=10.0).has_lapsed(9.9)
    assert Standing("cooling", until=10.0).has_lapsed(10.0)
    assert not Standing("quarantined").has_lapsed(1e12)


def test_a_pause_that_began_in_the_future_is_counted_from_now() -> None:
    ahead = Standing("cooling", "pause", since=1000.0, until=1060.0)

    assert ahead.counted_from(1000.0) == ahead
    assert ahead.counted_from(1030.0) == ahead
    assert ahead.counted_from(10.0) == Standing("cooling", "pause", since=10.0, until=70.0)
    assert Standing("quarantined", "locked", since=1000.0).counted_from(10.0).since == 10.0


@pytest.mark.parametrize(
    ("facts", "label"),
    [
        ({"kind": "social"}, "social"),
        ({"kind": "api-key"}, "api-key"),
        ({"kind": "external-idp", "provider": "x"}, "external-idp"),
        ({"kind": "oidc"}, "oidc"),
        ({"kind": "oidc", "provider": "BuilderId"}, "builder-id"),
        ({"kind": "oidc", "start_url": f"{BUILDER_ID_URL}/"}, "builder-id"),
        ({"kind": "oidc", "start_url": "https://d-1.awsapps.com/start"}, "identity-center"),
        ({"kind": "oidc", "provider": "Enterprise"}, "identity-center"),
    ],
)
def test_the_label_is_the_word_that_people_know(facts: dict[str, Any], label: str) -> None:
    assert Credential("a", **facts).label == label


def test_the_accounts_table_has_toml_names() -> None:
    table = {
        "name": "work",
        "refresh-token": "r",
        "client-id": "c",
        "max-concurrent": 4,
        "write-back": True,
        "proxy": "http://p",
    }

    config = msgspec.convert(table, AccountConfig, dec_hook=lambda _, text: Secret(text))

    assert config == AccountConfig(
        name="work",
        refresh_token=Secret("r"),
        client_id="c",
        max_concurrent=4,
        write_back=True,
        proxy=Secret("http://p"),
    )

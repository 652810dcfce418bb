import msgspec

from ki2api.accounts.account import AccountConfig, Credential, Standing
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
    cooling = Standing("cooling", until=9e9)
    exhausted = Standing("exhausted", until=5.0)

    assert exhausted.outweighs(cooling)
    assert not cooling.outweighs(exhausted)


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


def test_the_accounts_table_has_toml_names() -> None:
    table = {"name": "work", "refresh-token": "r", "client-id": "c", "max-concurrent": 4}

    config = msgspec.convert(table, AccountConfig, dec_hook=lambda _, text: Secret(text))

    assert config == AccountConfig(
        name="work", refresh_token=Secret("r"), client_id="c", max_concurrent=4
    )

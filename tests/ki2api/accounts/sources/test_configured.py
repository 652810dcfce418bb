import pytest

from ki2api.accounts.account import AccountConfig
from ki2api.accounts.sources.configured import read_configured
from ki2api.accounts.sources.reading import AccountsUnreadable
from pipeline.secret import Secret

ARN = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABCDEFGHIJKL"


def test_no_tables_hold_nothing() -> None:
    assert read_configured([]).credentials == ()


def test_each_table_is_an_account_in_the_order_of_the_file() -> None:
    social = AccountConfig(name="s", refresh_token=Secret(" r1\n"), max_concurrent=4)
    key = AccountConfig(api_key=Secret("ksk_1"), disabled=True)
    builder = AccountConfig(
        refresh_token=Secret("r3"),
        client_id="id",
        client_secret=Secret("s"),
        region="eu-west-1",
        profile_arn=ARN,
    )

    first, second, third = read_configured([social, key, builder]).credentials

    assert (first.kind, first.refresh_token, first.max_concurrent) == ("social", Secret("r1"), 4)
    assert (second.kind, second.api_key, second.disabled) == ("api-key", Secret("ksk_1"), True)
    assert (third.kind, third.client_id, third.client_secret) == ("oidc", "id", Secret("s"))
    assert (third.region, third.profile_arn) == ("eu-west-1", ARN)
    assert third.source == "[[accounts]] 3"


def test_a_table_without_a_token_is_named_by_its_number() -> None:
    tables = [AccountConfig(api_key=Secret("ksk_1")), AccountConfig(name="x")]

    with pytest.raises(AccountsUnreadable, match=r"2: refresh-token or api-key is missing"):
        read_configured(tables)

from collections.abc import Callable

import pytest

from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.environment import read_api_key, read_tokens
from ki2api.accounts.sources.search import Search
from pipeline.secret import Secret


def test_an_api_key_is_an_account(searched: Callable[..., Search]) -> None:
    found = read_api_key(searched({"KIRO_API_KEY": "ksk_1"}))

    assert found.place == "KIRO_API_KEY"
    assert (found.credentials[0].kind, found.credentials[0].api_key) == ("api-key", Secret("ksk_1"))


def test_empty_variables_hold_nothing(searched: Callable[..., Search]) -> None:
    assert read_api_key(searched({"KIRO_API_KEY": " "})).credentials == ()
    assert (
        read_tokens(searched({"KIRO_REFRESH_TOKEN": "", "KIRO_ACCESS_TOKEN": ""})).credentials == ()
    )


def test_a_refresh_token_is_a_social_login(searched: Callable[..., Search]) -> None:
    found = read_tokens(searched({"KIRO_REFRESH_TOKEN": "r", "KIRO_ACCESS_TOKEN": "a"}))
    [credential] = found.credentials

    assert (found.place, found.warnings) == ("KIRO_REFRESH_TOKEN", ())
    assert (credential.kind, credential.refresh_token) == ("social", Secret("r"))
    assert (credential.access_token, credential.expires_at) == (Secret("a"), None)


def test_an_access_token_alone_is_allowed_with_a_warning(searched: Callable[..., Search]) -> None:
    found = read_tokens(searched({"KIRO_ACCESS_TOKEN": "a"}))

    assert found.credentials[0].access_token == Secret("a")
    assert found.credentials[0].refresh_token is None
    assert "stands alone" in found.warnings[0]


def test_an_api_key_in_the_wrong_variable_is_understood(searched: Callable[..., Search]) -> None:
    [credential] = read_tokens(searched({"KIRO_REFRESH_TOKEN": "ksk_1"})).credentials

    assert (credential.kind, credential.refresh_token) == ("api-key", None)


@pytest.mark.parametrize("quote", ['"', "'"])
def test_quotes_that_an_env_file_leaves_around_a_value_are_taken_off(
    searched: Callable[..., Search], quote: str
) -> None:
    environ = {
        "KIRO_API_KEY": f" {quote}ksk_1{quote} ",
        "KIRO_REFRESH_TOKEN": f"{quote}{quote}",
        "KIRO_ACCESS_TOKEN": f"{quote}a{quote}",
    }

    assert read_api_key(searched(environ)).credentials[0].api_key == Secret("ksk_1")
    [credential] = read_tokens(searched(environ)).credentials
    assert (credential.refresh_token, credential.access_token) == (None, Secret("a"))


@pytest.mark.parametrize(
    ("name", "key", "complaint"),
    [
        ("KIRO_API_KEY", "ksk_...", "is shortened, or the example of some page"),
        ("KIRO_API_KEY", "ksk_abc\N{HORIZONTAL ELLIPSIS}", "is shortened"),
        ("KIRO_API_KEY", "changeme", "is too short to be one: .* begins with ksk_"),
        ("KIRO_REFRESH_TOKEN", "ksk_...", "the API key is shortened"),
    ],
)
def test_what_can_be_no_key_is_refused_and_not_shown(
    searched: Callable[..., Search], name: str, key: str, complaint: str
) -> None:
    read = read_api_key if name == "KIRO_API_KEY" else read_tokens

    with pytest.raises(AccountsUnreadable, match=f"^{name}: .*{complaint}") as refused:
        read(searched({name: key}))
    assert key not in str(refused.value)

from typing import Any

import pytest

from ki2api.accounts.sources.entry import Entry, make_credential, moment
from ki2api.accounts.sources.reading import AccountsUnreadable
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
        ("soon", None),
        ("", None),
        (None, None),
        (1767148365, None),
    ],
)
def test_the_end_of_a_token_is_read_in_each_form(text: Any, seconds: float | None) -> None:
    assert moment(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"client_id": "id"}, "the client secret is missing"),
        ({"client_secret": Secret("s")}, "the client id is missing"),
        ({"auth_method": "external_idp"}, "external identity provider"),
        ({"auth_method": "IdC"}, "client registration is missing"),
        ({"kiro_api_key": Secret("ksk_1")}, "are two accounts"),
        ({"region": "evil.example/"}, "region must be like"),
        ({"profile_arn": "arn:evil"}, "profile ARN must be like"),
        ({"max_concurrent": 0}, "must be 1 or more"),
        ({"name": "a\nb"}, "name is too long or not printable"),
        ({"name": "n" * 65}, "name is too long or not printable"),
        ({"access_token": Secret("a\nb")}, "access token holds spaces"),
        ({"refresh_token": Secret("ä")}, "refresh token holds spaces"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(
    more: dict[str, Any], complaint: str
) -> None:
    entry = Entry(**({"refresh_token": Secret("r")} | more))

    with pytest.raises(AccountsUnreadable, match=f"^PLACE.*{complaint}"):
        make_credential(entry, "PLACE", "source", wanted="refreshToken")


def test_a_login_that_says_social_stays_social_whatever_else_it_says() -> None:
    entry = Entry(refresh_token=Secret("r"), auth_method="social", client_id="id")

    assert make_credential(entry, "PLACE", "source").kind == "social"

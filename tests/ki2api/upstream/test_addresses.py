import pytest

from ki2api.upstream.addresses import address_fault

EXAMPLE = "https://q.{region}.amazonaws.com"


@pytest.mark.parametrize(
    "url",
    [
        EXAMPLE,
        "http://127.0.0.1:4711/{region}/",
        "https://[::1]:8443",
        "https://gateway.example/kiro/v1",
    ],
)
def test_addresses_of_http_are_taken(url: str) -> None:
    assert address_fault(url, example=EXAMPLE) == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "q.{region}.amazonaws.com",
        "https://",
        "https:///path",
        "https://host:port",
        "https://[::1",
        "https://host:99999",
        "https://me:hush@host",
        "https://host?query=1",
        "https://host#part",
        "https://ho st",
        "https://h\N{LATIN SMALL LETTER O WITH DIAERESIS}st",
        "https://host/{region",
        "ftp://host",
    ],
)
def test_what_is_no_address_is_told_with_an_example(url: str) -> None:
    fault = address_fault(url, example=EXAMPLE)

    assert fault == f"expected an http or https address, such as {EXAMPLE}"


@pytest.mark.parametrize(
    ("name", "hint"), [("regoin", ' - did you mean "region"?'), ("zone", ""), ("", "")]
)
def test_a_placeholder_that_nobody_fills_in_is_told(name: str, hint: str) -> None:
    url = f"https://q.{{{name}}}.amazonaws.com"

    assert address_fault(url, example=EXAMPLE) == (
        f"only {{region}} is filled in, not {{{name}}}{hint}"
    )

"""Headers as mappings."""

from ki2api.web.headers import plain


def test_a_header_that_comes_twice_is_a_list_of_both() -> None:
    twice = [(b"x-forwarded-for", b"8.8.8.8"), (b"a", b"b"), (b"x-forwarded-for", b"10.0.0.1")]
    assert plain(twice) == {"x-forwarded-for": "8.8.8.8, 10.0.0.1", "a": "b"}


def test_what_is_said_twice_over_is_said_once() -> None:
    assert plain([(b"x-api-key", b"mine"), (b"x-api-key", b"mine")]) == {"x-api-key": "mine"}
    assert plain([(b"a", b""), (b"a", b"b")]) == {"a": ", b"}

import msgspec
import pytest

from ki2api.accounts import sealed
from pipeline.secret import Secret


def test_a_secret_goes_through_json_and_comes_back() -> None:
    content = sealed.encode({"token": Secret("x")})

    assert content == b'{"token":"x"}'
    assert sealed.decode(content, dict[str, Secret]) == {"token": Secret("x")}


def test_a_secret_that_is_no_text_is_refused_without_being_shown() -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        sealed.decode('{"token": 4711}', dict[str, Secret])

    assert "4711" not in str(refused.value)


def test_other_types_have_no_way_into_the_file() -> None:
    with pytest.raises(NotImplementedError):
        sealed.encode(object())


def test_json_without_a_bottom_is_no_json() -> None:
    with pytest.raises(msgspec.DecodeError, match="nested too deep"):
        sealed.decode(b'{"token":' + b"[" * 200_000, dict[str, Secret])

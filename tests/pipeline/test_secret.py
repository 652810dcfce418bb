"""A secret shows its text to `reveal` alone."""

import pickle

import msgspec
import pytest

from pipeline.secret import Secret


def test_no_way_of_printing_shows_the_text() -> None:
    secret = Secret("hush")
    assert [repr(secret), str(secret), f"{secret}", f"{secret:>10}"] == ["***"] * 4
    assert secret.reveal() == "hush"


def test_a_secret_is_true_if_it_has_a_text() -> None:
    assert Secret("hush")
    assert not Secret("")


def test_secrets_are_equal_by_their_text_and_to_nothing_else() -> None:
    assert Secret("hush") == Secret("hush")
    assert Secret("hush") != Secret("other")
    assert Secret("hush") != "hush"
    assert len({Secret("hush"), Secret("hush")}) == 1


def test_a_secret_is_neither_pickled_nor_encoded_by_accident() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("hush"))
    with pytest.raises(TypeError, match="Secret"):
        msgspec.json.encode(Secret("hush"))

"""What is opaque to the client."""

import pytest

from ki2api.protocols.openai_responses.sealed import Sealed, seal, unseal


@pytest.mark.parametrize(
    "sealed", [Sealed("c2ln"), Sealed(redacted="blob"), Sealed("é", "b", "Sum")]
)
def test_what_was_sealed_comes_back(sealed: Sealed) -> None:
    text = seal(sealed)
    assert text is not None
    assert text.isascii()
    assert unseal(text) == sealed


def test_nothing_is_not_sealed() -> None:
    assert seal(Sealed()) is None


@pytest.mark.parametrize(
    "text", ["", "gAAAAABo", "ki2api.2.e30=", "ki2api.1.?", "ki2api.1.W10=", "ki2api.1.é"]
)
def test_what_another_wrote_is_nothing(text: str) -> None:
    assert unseal(text) is None

import pytest

from ki2api.estimate import Family, family_of
from ki2api.models import FALLBACK


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("claude-sonnet-4", "claude"),
        ("claude-haiku-4.5", "claude"),
        ("claude-opus-4.6", "claude"),
        ("claude-sonnet-4.5-1m", "claude"),
        ("claude-opus-4.7", "claude-4.7"),
        ("claude-opus-4.10", "claude-4.7"),
        ("claude-sonnet-5", "claude-4.7"),
        ("claude-opus-5.5", "claude-4.7"),
        ("auto", "claude"),
        ("gpt-5.6-sol", "o200k"),
        ("qwen3-coder-next", "o200k"),
        ("claude", "o200k"),
    ],
)
def test_a_model_has_the_tokenizer_of_its_generation(model: str, family: Family) -> None:
    assert family_of(model) == family


def test_every_common_claude_is_known() -> None:
    names = [model.id for model in FALLBACK if model.id.startswith("claude")]
    assert names
    assert all(family_of(name).startswith("claude") for name in names)

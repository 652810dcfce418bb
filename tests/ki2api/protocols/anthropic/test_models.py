"""The catalogue in Anthropic's shape, read by Anthropic's SDK types."""

import msgspec
from anthropic.types import MessageTokensCount, ModelInfo

from ki2api.models import Model
from ki2api.protocols.anthropic import count_tokens_body, model_body, models_body

SONNET = Model("claude-sonnet-4.5", 200_000, 64_000, name="Claude Sonnet 4.5")
AUTO = Model("auto", 1_000_000, 32_000)


def test_the_list_is_one_page() -> None:
    page = msgspec.json.decode(models_body([SONNET, AUTO], 1_790_000_000))
    ids = ["claude-sonnet-4.5", "auto", "anthropic/auto"]
    assert [model["id"] for model in page["data"]] == ids
    assert (page["has_more"], page["first_id"], page["last_id"]) == (
        False,
        "claude-sonnet-4.5",
        "anthropic/auto",
    )


def test_models_of_others_come_again_under_a_name_that_claude_code_keeps() -> None:
    models = [Model(name) for name in ("auto-kiro", "gpt-5.6-sol", "Claude-x", "anthropic/y")]
    page = msgspec.json.decode(models_body(models, 0))
    ids = [model["id"] for model in page["data"]]
    assert ids[4:] == ["anthropic/gpt-5.6-sol"]
    assert page["data"][4]["display_name"] == "gpt-5.6-sol"


def test_an_empty_list_has_neither_first_nor_last() -> None:
    assert msgspec.json.decode(models_body([], 0)) == {
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }


def test_a_model_is_what_the_sdk_expects() -> None:
    model = ModelInfo.model_validate_json(model_body(SONNET, 1_790_000_000))
    assert model.display_name == "Claude Sonnet 4.5"
    assert model.created_at.timestamp() == 1_790_000_000
    assert (model.max_input_tokens, model.max_tokens) == (200_000, 64_000)
    assert model_body(SONNET, 0).count(b'"created_at":"1970-01-01T00:00:00Z"') == 1


def test_a_model_without_a_name_shows_its_id() -> None:
    assert msgspec.json.decode(model_body(AUTO, 0))["display_name"] == "auto"


def test_a_count_is_what_the_sdk_expects() -> None:
    assert MessageTokensCount.model_validate_json(count_tokens_body(7)).input_tokens == 7

"""The catalogue in OpenAI's shape, read by OpenAI's SDK types."""

import msgspec
from openai.types import Model as SDKModel

from ki2api.models import Model
from ki2api.protocols.openai_chat import model_body, models_body

SONNET = Model("claude-sonnet-4.5", 200_000, 64_000)


def test_the_list_holds_every_model() -> None:
    page = msgspec.json.decode(models_body([SONNET, SONNET], 1_790_000_000))
    assert page["object"] == "list"
    assert [model["id"] for model in page["data"]] == ["claude-sonnet-4.5"] * 2


def test_a_model_is_what_the_sdk_expects() -> None:
    model = SDKModel.model_validate_json(model_body(SONNET, 1_790_000_000))
    assert (model.id, model.object, model.created) == ("claude-sonnet-4.5", "model", 1_790_000_000)

"""The list of models as Kiro writes it, and as it might."""

import msgspec
import pytest

from ki2api.errors import UpstreamGarbled
from ki2api.kiro.control.models import read_models
from ki2api.kiro.control.reading import Page
from ki2api.models import Model

# docs/kiro.md §6.1; values are illustrative.
ENTRY = b"""{"modelId":"claude-sonnet-4.5","modelName":"Claude Sonnet 4.5","description":"The model",
"rateMultiplier":1.3,"rateUnit":"Credit",
"tokenLimits":{"maxInputTokens":200000,"maxOutputTokens":64000},
"supportedInputTypes":["TEXT","IMAGE"],
"promptCaching":{"supportsPromptCaching":true,"minimumTokensPerCacheCheckpoint":1024},
"additionalModelRequestFieldsSchema":{"type":"object","additionalProperties":false}}"""


def test_an_entry_is_read_with_all_it_tells() -> None:
    body = b'{"models":[' + ENTRY + b'],"defaultModel":{"modelId":"auto"},"nextToken":null}'
    assert read_models(body) == Page(
        (
            Model(
                "claude-sonnet-4.5",
                window=200_000,
                max_output=64_000,
                images=True,
                multiplier=1.3,
                name="Claude Sonnet 4.5",
                description="The model",
                fields_schema=msgspec.Raw(b'{"type":"object","additionalProperties":false}'),
            ),
        )
    )


def test_what_an_entry_does_not_tell_is_as_usual() -> None:
    odd = (
        b'{"availableModels":[{"modelId":"a"},{"modelName":"no id"},5,'
        b'{"modelId":"b","tokenLimits":{"maxInputTokens":0,"maxOutputTokens":2.56E5},'
        b'"supportedInputTypes":["TEXT"],"rateMultiplier":"1.3"},'
        b'{"modelId":"c","supportedInputTypes":[],"tokenLimits":null}],"nextToken":"p2"}'
    )
    models = (Model("a"), Model("b", max_output=256_000, images=False), Model("c"))
    assert read_models(odd) == Page(models, "p2")


@pytest.mark.parametrize("odd", ["\\u001b[2J", "\\u0000", "\\n", "x" * 129])
def test_what_no_header_and_no_terminal_can_carry_is_left_out(odd: str) -> None:
    body = '{"models":[{"modelId":"a%s"},{"modelId":"b","modelName":"a%s"}]}'

    assert read_models(body.replace("%s", odd).encode()) == Page((Model("b"),))


def test_an_empty_answer_lists_nothing_and_no_answer_is_an_error() -> None:
    assert read_models(b"{}") == Page(())
    with pytest.raises(UpstreamGarbled):
        read_models(b"<html>")

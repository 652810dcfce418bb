"""The models that the simulated service offers (docs/kiro.md §7), with their own field schemas."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

_CLAUDE_EFFORTS = ("low", "medium", "high", "max")
_LATER_CLAUDE_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_GPT_EFFORTS = ("none", "low", "medium", "high", "xhigh", "max")


class Model(Struct, frozen=True):
    """One entry of the catalogue; `family` decides which extra request fields it takes."""

    id: str
    name: str
    window: int
    max_output: int = 64_000
    rate: float = 1.0
    images: bool = True
    family: Literal["claude", "gpt", "plain"] = "plain"
    efforts: tuple[str, ...] = ()

    @property
    def fields_schema(self) -> dict[str, Any] | None:
        """The JSON Schema of additionalModelRequestFields, or None where the field is refused."""
        match self.family:
            case "claude":
                return _claude_schema(self.efforts, self.max_output)
            case "gpt":
                return _object({"reasoning": _object({"effort": _one_of(self.efforts)})})
            case "plain":
                return None

    def listed(self) -> dict[str, Any]:
        """Give the entry as ListAvailableModels shows it."""
        entry: dict[str, Any] = {
            "modelId": self.id,
            "modelName": self.name,
            "description": f"The {self.name} model",
            "rateMultiplier": self.rate,
            "rateUnit": "Credit",
            "tokenLimits": {"maxInputTokens": self.window, "maxOutputTokens": self.max_output},
            "supportedInputTypes": ["TEXT", "IMAGE"] if self.images else ["TEXT"],
            "promptCaching": {
                "supportsPromptCaching": True,
                "minimumTokensPerCacheCheckpoint": 1024,
                "maximumCacheCheckpointsPerRequest": 4,
            },
        }
        if (schema := self.fields_schema) is not None:
            entry["additionalModelRequestFieldsSchema"] = schema
        return entry


def _claude_schema(efforts: tuple[str, ...], max_output: int) -> dict[str, Any]:
    thinking = {"type": _one_of(("adaptive", "disabled")), "display": _one_of(_DISPLAYS)}
    return _object(
        {
            "thinking": {**_object(thinking), "required": ["type"]},
            "output_config": _object({"effort": {**_one_of(efforts), "default": "high"}}),
            "max_tokens": {"type": "integer", "minimum": 1024, "maximum": max_output},
        }
    )


_DISPLAYS = ("summarized", "omitted")


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _one_of(values: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def _claude(name: str, window: int, rate: float, max_output: int = 64_000) -> Model:
    return Model(_id(name), name, window, max_output, rate)


def _thinking_claude(
    name: str, rate: float, max_output: int, efforts: tuple[str, ...] = _LATER_CLAUDE_EFFORTS
) -> Model:
    return Model(_id(name), name, 1_000_000, max_output, rate, family="claude", efforts=efforts)


def _gpt(name: str, rate: float) -> Model:
    return Model(_id(name), name, 272_000, 128_000, rate, family="gpt", efforts=_GPT_EFFORTS)


def _text_only(name: str, window: int, rate: float) -> Model:
    return Model(_id(name), name, window, rate=rate, images=False)


def _id(name: str) -> str:
    return name.lower().replace(" ", "-")


CATALOGUE: Mapping[str, Model] = {
    model.id: model
    for model in (
        # The captured entry of 2026-07-25 lists TEXT alone for the router.
        Model("auto", "Auto", 1_000_000, images=False),
        _thinking_claude("Claude Opus 5.5", 2.2, 128_000),
        _thinking_claude("Claude Opus 5", 2.2, 128_000),
        _thinking_claude("Claude Sonnet 5", 1.3, 64_000),
        _claude("Claude Fable 5", 1_000_000, 1.3),
        _thinking_claude("Claude Opus 4.8", 2.2, 128_000),
        _thinking_claude("Claude Opus 4.7", 2.2, 128_000),
        _thinking_claude("Claude Opus 4.6", 2.2, 64_000, _CLAUDE_EFFORTS),
        _thinking_claude("Claude Sonnet 4.6", 1.3, 64_000, _CLAUDE_EFFORTS),
        _claude("Claude Opus 4.5", 200_000, 2.2),
        _claude("Claude Sonnet 4.5", 200_000, 1.3),
        _claude("Claude Sonnet 4.5 1m", 1_000_000, 1.3),
        _claude("Claude Sonnet 4", 200_000, 1.3),
        _claude("Claude Haiku 4.5", 200_000, 0.4),
        _gpt("GPT 5.6 Sol", 2.4),
        _gpt("GPT 5.6 Terra", 1.2),
        _gpt("GPT 5.6 Luna", 0.6),
        _text_only("DeepSeek 3.2", 128_000, 0.25),
        _text_only("GLM 5", 200_000, 0.5),
        _text_only("MiniMax M2.5", 200_000, 0.25),
        _text_only("MiniMax M2.1", 200_000, 0.15),
        _text_only("Qwen3 Coder Next", 256_000, 0.05),
    )
}
"""Every model by its wire id."""
DEFAULT_MODEL = "auto"

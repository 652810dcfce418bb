"""Which extra fields a model takes (additionalModelRequestFields, docs/kiro.md §3.6).

The catalogue's own schema decides; where it gave none, what is known of the model's family.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import msgspec

from ki2api.models import Model

EffortField: TypeAlias = Literal["output_config", "reasoning"]

_EFFORTS = ("low", "medium", "high", "max")
_LATER_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_GPT_EFFORTS = ("none", *_LATER_EFFORTS)
_LEAST_TOKENS = 1_024
_VERSION = re.compile(r"claude-(?:opus|sonnet)-(\d+)(?:\.(\d+))?(?:-1m)?")
_WITH_EFFORT, _WITH_XHIGH = (4, 6), (4, 7)
_MODELS = 64


class Fields(msgspec.Struct, frozen=True):
    """What a model takes: efforts and the field they go in, kinds of thinking, a token limit.

    Whatever is empty, the model refuses.
    """

    effort_field: EffortField | None = None
    efforts: tuple[str, ...] = ()
    thinking: tuple[str, ...] = ()
    displays: tuple[str, ...] = ()
    max_tokens: tuple[int, int] | None = None
    """The least and the most."""


def fields_of(model: Model) -> Fields:
    """Return what a model takes."""
    if model.fields_schema is None:
        return _of_family(model.id, model.max_output)
    return _of_schema(bytes(model.fields_schema))


def native_max_tokens(model: Model, asked: int | None) -> int | None:
    """Return the limit that the model keeps by itself, or None where it takes none such."""
    limits = fields_of(model).max_tokens
    if asked is None or limits is None or asked < limits[0]:
        return None
    return min(asked, limits[1])


def thinks_by_tags(model: Model, takes: Fields) -> bool:
    """Tell whether visible thinking is asked of the model in its system text: older Claudes."""
    return model.id.startswith("claude-") and not (takes.thinking or takes.efforts)


def writes_tags_unasked(model: Model) -> bool:
    """Tell whether the model at times writes its thoughts as tagged text (§8.1, SUB2)."""
    return _version(model.id) >= _WITH_XHIGH


def _version(model_id: str) -> tuple[int, int]:
    found = _VERSION.fullmatch(model_id)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)


# Both are asked several times for each request, of the few models that there are.
@lru_cache(maxsize=_MODELS)
def _of_family(model_id: str, max_output: int) -> Fields:
    if model_id.startswith("gpt-5.6-"):
        return Fields("reasoning", _GPT_EFFORTS)
    version = _version(model_id)
    if version < _WITH_EFFORT:
        return Fields()
    return Fields(
        "output_config",
        _EFFORTS if version < _WITH_XHIGH else _LATER_EFFORTS,
        ("adaptive", "disabled"),
        ("summarized", "omitted"),
        (_LEAST_TOKENS, max(max_output, _LEAST_TOKENS)),
    )


@lru_cache(maxsize=_MODELS)
def _of_schema(raw: bytes) -> Fields:
    schema = msgspec.json.decode(raw, type=dict[str, Any])
    effort_field: EffortField | None = None
    efforts: tuple[str, ...] = ()
    for field in ("output_config", "reasoning"):
        if found := _words(schema, field, "effort"):
            effort_field, efforts = field, found
            break
    return Fields(
        effort_field,
        efforts,
        _words(schema, "thinking", "type"),
        _words(schema, "thinking", "display"),
        _range(_property(schema, "max_tokens")),
    )


def _property(schema: object, *path: str) -> Mapping[str, Any]:
    """Follow a path of properties; what is not there, or no schema, is an empty one."""
    for name in path:
        properties = schema.get("properties") if isinstance(schema, dict) else None
        schema = properties.get(name) if isinstance(properties, dict) else None
    return schema if isinstance(schema, dict) else {}


def _words(schema: Mapping[str, Any], *path: str) -> tuple[str, ...]:
    words = _property(schema, *path).get("enum")
    return tuple(word for word in words if isinstance(word, str)) if isinstance(words, list) else ()


def _range(schema: Mapping[str, Any]) -> tuple[int, int] | None:
    least, most = schema.get("minimum", 1), schema.get("maximum")
    return (least, most) if type(least) is int and type(most) is int and least <= most else None

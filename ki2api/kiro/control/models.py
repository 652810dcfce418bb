"""Which models an account's plan offers (docs/kiro.md §6.1)."""

from typing import Any

import msgspec

from ki2api.kiro.calls import Binding, Call
from ki2api.kiro.control.asking import ORIGIN, question
from ki2api.kiro.control.reading import Page, document_of, label, member, members, number, text
from ki2api.models import Model

_PAGE = 50
_USUAL = Model("")
"""What a model is taken for whose entry says no more than its id."""


def models_call(binding: Binding, profile_arn: str = "", following: str = "") -> Call:
    """Ask for one page of the models."""
    return question(
        "GET",
        "ListAvailableModels",
        binding,
        origin=ORIGIN,
        maxResults=_PAGE,
        profileArn=profile_arn,
        nextToken=following,
    )


def read_models(body: bytes) -> Page[Model]:
    """Read a page; entries without an id that can be one are left out. Raises UpstreamGarbled."""
    document = document_of(body)
    listed = members(document, "models") or members(document, "availableModels")
    models = tuple(_model(entry) for entry in listed if label(entry, "modelId"))
    return Page(models, text(document, "nextToken"))


def _model(entry: dict[str, Any]) -> Model:
    limits = member(entry, "tokenLimits")
    return Model(
        label(entry, "modelId"),
        window=_count(limits, "maxInputTokens", _USUAL.window),
        max_output=_count(limits, "maxOutputTokens", _USUAL.max_output),
        images=_reads_images(entry),
        multiplier=number(entry, "rateMultiplier"),
        name=label(entry, "modelName"),
        description=text(entry, "description"),
        fields_schema=_schema(entry),
    )


def _count(limits: dict[str, Any], name: str, usual: int) -> int:
    count = number(limits, name)
    return int(count) if count is not None and count >= 1 else usual


def _reads_images(entry: dict[str, Any]) -> bool:
    types = entry.get("supportedInputTypes")
    return "IMAGE" in types if isinstance(types, list) and types else _USUAL.images


def _schema(entry: dict[str, Any]) -> msgspec.Raw | None:
    schema = member(entry, "additionalModelRequestFieldsSchema")
    return msgspec.Raw(msgspec.json.encode(schema)) if schema else None

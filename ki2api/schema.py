"""A JSON Schema of config.toml, by which editors complete and check it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ki2api.settings import Settings
from pipeline import AnyStage, config_type
from pipeline.describe import field_docs, schema_of

PLACING = {
    "stage": "A built-in stage, package.module:Class, or ./file.py beside this file.",
    "label": "Another name, needed where the same stage stands twice.",
    "after": "Put it into the default chain, inside this stage.",
    "before": "Put it into the default chain, outside this stage.",
}


def settings_schema(stages: Mapping[str, type[AnyStage]]) -> dict[str, Any]:
    """Return the schema, with the settings of these stages in the [[pipeline]] tables."""
    schema = schema_of(Settings)
    tables = {"Settings": Settings} | {
        field.type.__name__: field.type
        for field in msgspec.structs.fields(Settings)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
    }
    for name, kind in tables.items():
        _document(schema["$defs"][name], kind)
    schema["$defs"]["Settings"]["properties"]["pipeline"]["items"] = _stage_table(stages)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ki2API config.toml",
        **schema,
    }


def _document(schema: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    docs = field_docs(kind)
    for field in msgspec.structs.fields(kind):
        if docs[field.name]:
            schema["properties"][field.encode_name]["description"] = docs[field.name]


def _stage_table(stages: Mapping[str, type[AnyStage]]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["stage"],
        "properties": {
            key: {"type": "string", "description": text} for key, text in PLACING.items()
        }
        | {"stage": {"anyOf": [{"enum": sorted(stages)}, {"type": "string"}]}},
        "allOf": [_settings_of(name, stage) for name, stage in stages.items()],
    }


def _settings_of(name: str, stage: type[AnyStage]) -> dict[str, Any]:
    kind = config_type(stage)
    own = schema_of(kind)["$defs"][kind.__name__]
    _document(own, kind)
    placing: dict[str, Any] = dict.fromkeys(PLACING, True)
    return {
        "if": {"properties": {"stage": {"const": name}}, "required": ["stage"]},
        "then": {**own, "properties": {**placing, **own["properties"]}},
    }

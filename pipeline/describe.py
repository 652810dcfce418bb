"""Describes stages from their own code: what they are, their slot words and their settings."""

import ast
import inspect
from functools import cache
from itertools import pairwise
from textwrap import dedent
from typing import Any

import msgspec

from pipeline.order import WORDS
from pipeline.secret import Secret
from pipeline.stage import AnyStage, config_type


class Setting(msgspec.Struct, frozen=True):
    """One key of a table: its type in words, its default as TOML has it, and what it is for."""

    key: str
    kind: str
    default: str
    doc: str


class StageDoc(msgspec.Struct, frozen=True):
    """What there is to know of a stage before one puts it into a pipeline."""

    name: str
    doc: str
    words: dict[str, list[str]]
    """The slots of each of its slot words; words without slots are left out."""
    settings: list[Setting]


def describe(stage: type[AnyStage]) -> StageDoc:
    """Describe a stage."""
    words = {word: sorted(getattr(stage, word)) for word in WORDS if getattr(stage, word)}
    doc = inspect.cleandoc(stage.__doc__ or "")
    return StageDoc(stage.name, doc, words, settings_of(config_type(stage)))


def settings_of(kind: type[msgspec.Struct]) -> list[Setting]:
    """Describe the fields of a struct that a table is decoded into."""
    docs = field_docs(kind)
    return [
        Setting(field.encode_name, type_words(field.type), default_of(field), docs[field.name])
        for field in msgspec.structs.fields(kind)
    ]


@cache
def field_docs(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Return the string under each field of a struct's source, which Python itself forgets."""
    docs = {field.name: "" for field in msgspec.structs.fields(kind)}
    for base in reversed([each for each in kind.__mro__ if issubclass(each, msgspec.Struct)]):
        docs |= _docs_in(base)
    return docs


def _docs_in(kind: type) -> dict[str, str]:
    try:
        body = ast.parse(dedent(inspect.getsource(kind))).body[0]
    except (OSError, TypeError):  # no source: built into msgspec, or typed into a prompt
        return {}
    found = {}
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, below in pairwise(statements):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = inspect.cleandoc(text)
            case _:
                pass
    return found


def default_of(field: msgspec.structs.FieldInfo) -> str:
    """Return a field's default as TOML has it: nothing where TOML has no word for it."""
    default = field.default
    if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    return as_toml(default)


def as_toml(value: Any) -> str:
    """Write a value as TOML; secrets stay hidden, and what TOML cannot say is left out."""
    if value is None or value is msgspec.NODEFAULT:
        return ""
    if isinstance(value, Secret):
        return '"***"'
    if isinstance(value, msgspec.Struct):
        pairs = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        value = {key: getattr(value, name) for key, name in pairs}
    if isinstance(value, dict):
        shown = (f"{key} = {each}" for key, raw in value.items() if (each := as_toml(raw)))
        return f"{{{', '.join(shown)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    return msgspec.json.encode(value).decode()


def type_words(kind: Any) -> str:
    """Say a type in words for people who write TOML."""
    schema = schema_of(kind)
    return _words(schema)


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type; a secret is a string."""
    return msgspec.json.schema(kind, schema_hook=_secret)


def _secret(kind: type) -> dict[str, Any]:
    if kind is Secret:
        return {"type": "string"}
    raise NotImplementedError


def _words(schema: dict[str, Any]) -> str:
    match schema:
        case {"enum": allowed}:
            return " or ".join(as_toml(each) for each in allowed)
        case {"anyOf": several}:
            return " or ".join(_words(each) for each in several if each != {"type": "null"})
        case {"type": "array", "items": dict(items)} if items:
            return f"list of {_words(items)}"
        case {"type": str(name)}:
            return name
        case _:
            return "table"

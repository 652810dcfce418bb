"""Stages described from their own code."""

from typing import Annotated, Literal

import msgspec
import pytest

from pipeline import Flow, Secret, Stage, StageConfig
from pipeline.describe import as_toml, describe, field_docs, settings_of


class Base(StageConfig, frozen=True):
    """What both have."""

    words: tuple[str, ...] = ("a",)
    """Words to look for,
    however many."""
    limit: Annotated[int, msgspec.Meta(ge=0)] = 3


class Config(Base, frozen=True, kw_only=True):
    """All there is."""

    mode: Literal["keep", "drop"] = "keep"
    """What becomes of them."""
    key: Secret | None = None
    token: Secret = Secret("very secret")
    either: int | str = 1
    deep: dict[str, int] = msgspec.field(default_factory=dict)
    many: tuple[Base, ...] = ()
    needed: float = msgspec.field(name="needed-much")
    _ = "no field"


class Look(Stage[Flow, Config]):
    """Looks for words."""

    name = "look"
    awaits = frozenset({"events"})
    requires = frozenset({"b", "a"})


def test_a_stage_is_described_from_its_code() -> None:
    told = describe(Look)
    assert (told.name, told.doc) == ("look", "Looks for words.")
    assert told.words == {"requires": ["a", "b"], "awaits": ["events"]}
    assert [(s.key, s.kind, s.default) for s in told.settings] == [
        ("words", "list of string", '["a"]'),
        ("limit", "integer", "3"),
        ("mode", '"drop" or "keep"', '"keep"'),
        ("key", "string", ""),
        ("token", "string", '"***"'),
        ("either", "integer or string", "1"),
        ("deep", "object", "{}"),
        ("many", "list of table", "[]"),
        ("needed-much", "number", ""),
    ]


def test_the_docs_of_fields_are_those_under_them_also_of_a_base() -> None:
    docs = field_docs(Config)
    assert docs["words"] == "Words to look for,\nhowever many."
    assert docs["mode"] == "What becomes of them."
    assert docs["limit"] == ""


def test_a_struct_without_source_has_no_docs() -> None:
    made = msgspec.defstruct("Made", [("port", int, 1)])
    assert [(s.key, s.doc) for s in settings_of(made)] == [("port", "")]


@pytest.mark.parametrize(
    ("value", "toml"),
    [
        (None, ""),
        (True, "true"),
        ("a\nb", '"a\\nb"'),
        ((1, Secret("x")), '[1, "***"]'),
        (1.5, "1.5"),
    ],
)
def test_values_are_written_as_toml(value: object, toml: str) -> None:
    assert as_toml(value) == toml


def test_a_type_that_no_settings_file_can_hold_is_refused() -> None:
    class Odd(StageConfig, frozen=True):
        thing: complex = 1j

    with pytest.raises(TypeError, match="complex"):
        settings_of(Odd)


def test_a_secret_inside_a_table_stays_hidden_and_the_table_is_toml() -> None:
    told = as_toml((Config(needed=1.5, token=Secret("very secret"), deep={"a": 1}),))
    assert 'token = "***"' in told
    assert "deep = {a = 1}" in told
    assert "needed-much = 1.5" in told
    assert "key" not in told

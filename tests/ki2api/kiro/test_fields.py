"""The catalogue's own schema decides; the family where there is none."""

from typing import Any

import msgspec
import pytest

from ki2api.kiro.fields import (
    Fields,
    fields_of,
    native_max_tokens,
    thinks_by_tags,
    writes_tags_unasked,
)
from ki2api.models import Model
from ki2api.simulator.catalogue import CATALOGUE


def listed(schema: Any, name: str = "claude-opus-5") -> Model:
    return Model(name, fields_schema=msgspec.Raw(msgspec.json.encode(schema)))


@pytest.mark.parametrize("name", CATALOGUE)
def test_family_and_catalogue_agree(name: str) -> None:
    entry = CATALOGUE[name]
    known = Model(name, max_output=entry.max_output)
    if (schema := entry.fields_schema) is None:
        assert fields_of(known) == Fields()
    else:
        assert fields_of(listed(schema, name)) == fields_of(known)


def test_the_catalogue_wins_over_the_family() -> None:
    schema = {"properties": {"reasoning": {"properties": {"effort": {"enum": ["low", 5]}}}}}
    assert fields_of(listed(schema)) == Fields("reasoning", ("low",))
    assert fields_of(listed({"properties": {}})) == Fields()


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": []},
        {"properties": {"output_config": 5, "max_tokens": None, "thinking": {"properties": 1}}},
        {"properties": {"output_config": {"properties": {"effort": {"enum": "low"}}}}},
        {"properties": {"max_tokens": {"minimum": "1", "maximum": 5}}},
        {"properties": {"max_tokens": {"minimum": 6, "maximum": 5}}},
    ],
)
def test_a_schema_that_says_nothing_usable_takes_nothing(schema: Any) -> None:
    assert fields_of(listed(schema)) == Fields()


@pytest.mark.parametrize(
    ("name", "asked", "sent"),
    [
        ("claude-opus-4.8", None, None),
        ("claude-opus-4.8", 1_023, None),
        ("claude-opus-4.8", 1_024, 1_024),
        ("claude-opus-4.8", 999_999, 128_000),
        ("claude-sonnet-4.5", 4_096, None),
        ("gpt-5.6-sol", 4_096, None),
    ],
)
def test_a_model_keeps_a_limit_that_its_schema_allows(
    name: str, asked: int | None, sent: int | None
) -> None:
    assert native_max_tokens(Model(name, max_output=128_000), asked) == sent


def test_only_older_claudes_are_asked_by_tags() -> None:
    asked = {name for name in CATALOGUE if thinks_by_tags(Model(name), fields_of(Model(name)))}
    assert {"claude-sonnet-4.5", "claude-sonnet-4.5-1m", "claude-haiku-4.5"} <= asked
    assert not asked & {"claude-opus-4.6", "claude-sonnet-5", "gpt-5.6-sol", "glm-5", "auto"}


def test_only_newer_claudes_write_tags_unasked() -> None:
    assert writes_tags_unasked(Model("claude-opus-4.7"))
    assert not writes_tags_unasked(Model("claude-opus-4.6"))
    assert not writes_tags_unasked(Model("gpt-5.6-sol"))

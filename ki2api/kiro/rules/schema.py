"""Rules about the JSON Schema of a tool's input: T6 to T11 (docs/kiro.md §3.5, §10b).

Kiro takes few keywords. What it refuses is said in other words: references are written out,
alternatives are merged, and the remaining keywords are restated in the description beside them.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from ki2api.conversation import ToldTool
from ki2api.errors import InvalidRequest
from ki2api.kiro.rules.alternatives import Schema, compact, described, join, merge, names_in
from ki2api.kiro.rules.draft import Offer
from ki2api.kiro.rules.text import MAX_DEPTH as DEEPEST_VALUE
from ki2api.kiro.rules.text import h19_clean_json

MAX_NODES = 5_000
"""References can make a small schema endless; after so many nodes the rest is left open."""
MAX_DEPTH = 32
_LONG = 16 * 1024
"""Bytes; a longer schema is fitted anew each time."""
_MOST = 512
"""Schemas that are remembered in Kiro's form."""
_KEPT = frozenset({"type", "title", "description", "enum", "properties", "required", "items"})
_SAID = frozenset({"const", "allOf", "anyOf", "oneOf", "additionalProperties"})
_SILENT = frozenset({"$schema", "$id", "$anchor", "$comment", "$defs", "definitions"})
_NOT_RESTATED = _KEPT | _SAID | _SILENT
_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def fit_schema(offer: Offer, tool: ToldTool) -> msgspec.Raw:
    """Return the schema of a tool in the form that Kiro takes."""
    raw, limit = tool.schema, min(MAX_NODES, offer.nodes)
    try:
        fitted = _remembered(raw, limit) if len(raw) <= _LONG else _fitted(raw, limit)
    except RecursionError:
        detail = f"The schema of the tool is nested deeper than the limit of {DEEPEST_VALUE}."
        raise InvalidRequest(detail, path=tool.at, rule="T10") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        detail = "The schema of the tool cannot be read."
        raise InvalidRequest(detail, path=tool.at, rule="T6") from None
    offer.nodes -= min(fitted.nodes, offer.nodes)
    for rule, words in fitted.changed:
        offer.repair(rule, tool.at, f"said otherwise in the schema: {words}")
    return fitted.schema


class _Fitted(NamedTuple):
    """A schema in Kiro's form, how much work it was, and what was changed by which rule."""

    schema: msgspec.Raw
    nodes: int
    changed: tuple[tuple[str, str], ...]


def _fitted(raw: bytes, limit: int) -> _Fitted:
    fitting = _Fitting(h19_clean_json(msgspec.json.decode(raw or b"{}")), limit)
    schema = msgspec.Raw(msgspec.json.encode(fitting.root()))
    changed = ((rule, ", ".join(sorted(words))) for rule, words in sorted(fitting.changed.items()))
    return _Fitted(schema, fitting.nodes, tuple(changed))


# Lists of tools differ by a few of them, and nobody changes what was fitted.
_remembered = lru_cache(maxsize=_MOST)(_fitted)


class _Place(NamedTuple):
    """Where in the schema we are: the references we came through, and how deep."""

    refs: frozenset[str] = frozenset()
    depth: int = 0

    def below(self) -> "_Place":
        return _Place(self.refs, self.depth + 1)


class _Fitting:
    """The work on one schema, and what it changed by which rule."""

    def __init__(self, document: Any, limit: int) -> None:
        self._document = document
        self._limit = limit
        self.nodes = 0
        self.changed: dict[str, set[str]] = {}

    def root(self) -> Schema:
        document = self._document if isinstance(self._document, dict) else {}
        if document is not self._document:
            self._change("T6", "type")
        schema = self._node(document, _Place())
        if schema.get("type", "object") != "object":
            self._change("T6", "type")
            schema = {"description": f"Schema: {compact(schema)}."}
        return {"type": "object", "properties": {}, **schema}

    def _change(self, rule: str, word: str) -> None:
        self.changed.setdefault(rule, set()).add(word)

    def _node(self, schema: Any, place: _Place) -> Schema:
        if schema is False:
            return {"description": "Must not be given."}
        flat, place = self._flat(schema, place)
        notes = [*self._t10_restated(flat), *self._t9_restated(flat)]
        fitted = {
            **self._t11_type(flat, notes),
            **_title_and_enum(flat),
            **self._t8_properties(flat, place),
            **self._t8_required(flat),
            **self._t10_items(flat, place, notes),
        }
        return described({**fitted, **_description(flat)}, " ".join(notes))

    def _flat(self, schema: Any, place: _Place) -> tuple[Schema, _Place]:
        """Write out references, and make one schema of `allOf`, `anyOf` and `oneOf`."""
        self.nodes += 1
        if self.nodes > self._limit or place.depth > MAX_DEPTH:
            self._change("T10", "what was too much")
            return {}, place
        if not isinstance(schema, dict):
            return {}, place
        flat, place = self._t10_follow(schema, place)
        if "const" in flat and "enum" not in flat:
            self._change("T10", "const")
            flat = {**flat, "enum": [flat["const"]]}
        for key in ("allOf", "anyOf", "oneOf"):
            if key in flat:
                flat, place = self._t7_t10_as_one(flat, key, place)
        return flat, place

    def _t7_t10_as_one(self, flat: Schema, key: str, place: _Place) -> tuple[Schema, _Place]:
        self._change("T10" if place.depth else "T7", key)
        variants = flat[key] if isinstance(flat[key], list) else []
        parts = [self._flat(part, place.below()) for part in variants if part is not False]
        refs = place.refs.union(*(beneath.refs for _, beneath in parts))
        own = {name: value for name, value in flat.items() if name != key}
        schemas = [part for part, _ in parts]
        own = join(own, *schemas) if key == "allOf" else join(own, merge(schemas))
        return own, _Place(refs, place.depth)

    def _t10_follow(self, schema: Schema, place: _Place) -> tuple[Schema, _Place]:
        refs = set(place.refs) if "$ref" in schema else set()
        while isinstance(ref := schema.get("$ref"), str):
            self._change("T10", "$ref")
            self.nodes += 1
            target = _resolve(self._document, ref)
            schema = {name: value for name, value in schema.items() if name != "$ref"}
            if ref in refs:
                kind = target.get("type") if isinstance(target, dict) else None
                again = {"type": kind if isinstance(kind, str) else "object"}
                name = ref.rsplit("/", 1)[-1].lstrip("#") or "the whole"
                schema = join(schema, described(again, f"Again of the form {name}."))
            elif self.nodes > self._limit:
                self._change("T10", "what was too much")
            else:
                known = target if isinstance(target, dict) else {"description": f"See {ref}."}
                schema = join(schema, known)
                refs.add(ref)
        return schema, _Place(frozenset(refs), place.depth) if refs else place

    def _t11_type(self, flat: Schema, notes: list[str]) -> Schema:
        kinds = flat.get("type", [])
        kinds = kinds if isinstance(kinds, list) else [kinds]
        known = [kind for kind in kinds if isinstance(kind, str) and kind in _TYPES]
        if kinds and (len(kinds) > 1 or known != kinds):
            self._change("T11", "type")
            notes.insert(0, f"Type: {' or '.join(map(compact, kinds))}.")
        first = next((kind for kind in known if kind != "null"), None)
        return {"type": first or "null"} if known else {}

    def _t8_properties(self, flat: Schema, place: _Place) -> Schema:
        properties = flat.get("properties")
        if isinstance(properties, dict):
            below = place.below()
            return {
                "properties": {name: self._node(each, below) for name, each in properties.items()}
            }
        if "properties" in flat:
            self._change("T8", "properties")
        return {}

    def _t8_required(self, flat: Schema) -> Schema:
        required = names_in(flat.get("required"))
        if "required" in flat and required != flat["required"]:
            self._change("T8", "required")
        return {"required": required} if required else {}

    def _t10_items(self, flat: Schema, place: _Place, notes: list[str]) -> Schema:
        items = flat.get("items")
        if isinstance(items, dict):
            return {"items": self._node(items, place.below())}
        if "items" in flat:
            self._change("T10", "items")
            notes.append(f"Items: {compact(items)}.")
        return {}

    def _t9_restated(self, flat: Schema) -> list[str]:
        if "additionalProperties" not in flat:
            return []
        self._change("T9", "additionalProperties")
        others = flat["additionalProperties"]
        if others is False:
            return ["No other properties."]
        return [f"Other properties: {compact(others)}."] if isinstance(others, dict) else []

    def _t10_restated(self, flat: Schema) -> list[str]:
        notes = []
        for key, value in flat.items():
            if key not in _NOT_RESTATED and not key.startswith("x-"):
                self._change("T10", key)
                words = _HUMP.sub(" ", key).capitalize()
                notes.append(f"{words}: {compact(value)}.")
        return notes


def _title_and_enum(flat: Schema) -> Schema:
    kept: Schema = {}
    if isinstance(flat.get("title"), str):
        kept["title"] = flat["title"]
    if isinstance(flat.get("enum"), list) and flat["enum"]:
        kept["enum"] = flat["enum"]
    return kept


def _description(flat: Schema) -> Schema:
    text = flat.get("description")
    return {"description": text} if isinstance(text, str) and text else {}


def _resolve(document: Any, ref: str) -> Any:
    """Find what a reference into the document names, or None."""
    path, found = ref.removeprefix("#"), document
    if path == ref or (path and not path.startswith("/")):
        return None
    for step in path.split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        elif isinstance(found, dict):
            found = found.get(key)
        else:
            return None
    return found

"""Arguments for a tool call, made from the tool's schema and the words of a prompt."""

import re
from typing import Any

_PLACE_NAMES = ("location", "city", "place", "town", "country", "region", "address")
_PLACE = re.compile(r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)*")
_CHINESE_PLACE = re.compile(
    r"(?:请问|现在|今天|查一下)*([\u4e00-\u9fff]{2,6}?)(?:的|今天|现在|天气)"
)
_FIRST_WORDS = """
What Which When Where Who Why How Is Are Can Could Do Does Please Tell Give Show Get Use Call Find
Look Check Compare The And Also Both Hello Hi Read Write Run Search I It
"""
_NO_PLACES = frozenset(_FIRST_WORDS.split())
_FILE = re.compile(r"[\w./-]+\.\w{1,5}\b")
_QUOTED = re.compile("[\"'“「`]([^\"'”」`]+)[\"'”」`]")
_SEARCHED = re.compile(r"search the web for (.+)", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DEFAULT_PLACE = "San Francisco"


def arguments_for(schema: dict[str, Any], prompt: str, place: str = "") -> dict[str, Any]:
    """Fill the required properties of an object schema; if none is required, the first one."""
    properties: dict[str, Any] = schema.get("properties", {})
    required = schema.get("required") or list(properties)[:1]
    return {name: value_for(name, properties.get(name, {}), prompt, place) for name in required}


def takes_a_place(schema: dict[str, Any]) -> bool:
    """Whether an object schema has a property that means a place."""
    return any(_means_place(name) for name in schema.get("properties", {}))


def places_in(prompt: str) -> list[str]:
    """Find the places that a prompt names: words in capitals that are no ordinary first words."""
    found = []
    for match in _PLACE.finditer(prompt):
        words = match[0].split()
        while words and words[0] in _NO_PLACES:
            del words[0]
        if words:
            found.append((match.start(), " ".join(words)))
    if len(found) > 1 and found[0][0] == 0:
        # The first word of a sentence is in capitals whatever it means.
        del found[0]
    return [name for _, name in found] or _CHINESE_PLACE.findall(prompt)


def value_for(name: str, schema: dict[str, Any], prompt: str, place: str = "") -> Any:
    """Make a value of this name that fits a schema."""
    if choices := schema.get("enum"):
        said = [choice for choice in choices if str(choice).lower() in prompt.lower()]
        return (said or choices)[0]
    match schema.get("type"):
        case "array":
            return [value_for(name, schema.get("items", {}), prompt, place)]
        case "object":
            return arguments_for(schema, prompt, place)
        case "integer" | "number" as kind:
            found = _NUMBER.search(prompt)
            number = float(found[0]) if found else 1.0
            return int(number) if kind == "integer" else number
        case kind:
            plain: dict[Any, bool | None] = {"boolean": False, "null": None}
            return plain[kind] if kind in plain else _text(name.lower(), prompt, place)


def _text(name: str, prompt: str, place: str) -> str:
    if _means_place(name):
        return place or next(iter(places_in(prompt)), _DEFAULT_PLACE)
    if "path" in name or "file" in name:
        found = _FILE.search(prompt)
        return found[0] if found else "README.md"
    if "url" in name:
        return "https://example.com/"
    if "command" in name:
        # The caller may well run it.
        return "echo hello from the simulator"
    if name == "query" and (searched := _SEARCHED.search(prompt)):
        return searched[1].rstrip(".!?")
    quoted = _QUOTED.search(prompt)
    return quoted[1] if quoted else prompt


def _means_place(name: str) -> bool:
    return any(word in name.lower() for word in _PLACE_NAMES)

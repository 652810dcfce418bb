"""Rules about single values: H15 (inputs of tool calls) and H19 (well-formed Unicode)."""

from typing import Any

import msgspec

CLEANED = "characters that are no Unicode were replaced, and NUL was dropped"
MAX_DEPTH = 64
"""Deeper values are no arguments of any tool; they are passed on as text."""
_NO_KEY = "_"
# Where neither stands in a JSON text, its values need no closer look.
_ESCAPE, _EMPTY = "\\u", '""'


def h19_clean(text: str) -> str:
    """Drop NUL, join surrogate pairs, and replace lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def h19_clean_json(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Clean every text of a JSON value; raises RecursionError when it is nested too deep."""
    if not depth:
        raise RecursionError
    match value:
        case str():
            return h19_clean(value)
        case list():
            return [h19_clean_json(item, depth - 1) for item in value]
        case dict():
            return {h19_clean(key): h19_clean_json(item, depth - 1) for key, item in value.items()}
        case _:
            return value


def h15_input(text: str) -> tuple[dict[str, Any], str]:
    """Make an object of a tool call's JSON text, and say what was wrong with it, or nothing."""
    if not text or text.isspace():
        return {}, ""
    text = h19_clean(text)
    escaped = _ESCAPE in text
    try:
        value = msgspec.json.decode(text)
        if escaped or text.count("[") + text.count("{") >= MAX_DEPTH:
            value = h19_clean_json(value)
    except (msgspec.DecodeError, RecursionError):
        return {"value": text}, "the input is no JSON and was passed on as text"
    named = _h15_no_empty_key(value) if escaped or _EMPTY in text else value
    if not isinstance(named, dict):
        return {"value": named}, "the input is no object and was wrapped in one"
    return named, "" if named is value or named == value else "an empty key of the input was named"


def _h15_no_empty_key(value: Any) -> Any:
    if isinstance(value, list):
        return [_h15_no_empty_key(item) for item in value]
    if not isinstance(value, dict):
        return value
    free = _NO_KEY
    while free in value:
        free += _NO_KEY
    return {key or free: _h15_no_empty_key(item) for key, item in value.items()}

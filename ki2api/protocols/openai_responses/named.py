"""The items of a request as they are kept: each with an id, messages in their full form."""

from collections.abc import Iterable
from typing import Any

import msgspec

from ki2api.protocols.openai_responses.items import Item
from ki2api.protocols.reading import read_raw

_PREFIXES = {
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "function_call": "fc",
    "function_call_output": "fco",
    "message": "msg",
    "reasoning": "rs",
}
_ANY = msgspec.json.Decoder(dict[str, Any])


def named(items: Iterable[Item], request_id: str) -> dict[str, bytes]:
    """Return the JSON of each item by its id."""
    found: dict[str, bytes] = {}
    for index, item in enumerate(items):
        said = read_raw(_ANY, item.raw, item.at)
        said["type"] = item.type
        if item.type == "message":
            _complete(said)
        if not isinstance(said.get("id"), str) or said["id"] in found:
            said["id"] = f"{_PREFIXES.get(item.type, 'item')}_{request_id}_in{index}"
        found[said["id"]] = msgspec.json.encode(said)
    return found


def _complete(message: dict[str, Any]) -> None:
    message.setdefault("status", "completed")
    if isinstance(message.get("content"), str):
        kind = "output_text" if message["role"] == "assistant" else "input_text"
        message["content"] = [{"type": kind, "text": message["content"]}]

"""The form that every question of the control plane has (docs/kiro.md §6)."""

from typing import Literal

import msgspec

from ki2api.kiro.calls import JSON, Binding, Call, targeted_call

ORIGIN = "AI_EDITOR"
_SERVICE = "AmazonCodeWhispererService"
_PATHS = {"GetUsageLimits": "/getUsageLimits"}  # all others are called like their operations


def question(
    method: Literal["GET", "POST"], operation: str, binding: Binding, **asked: str | int
) -> Call:
    """Ask a question: a GET says in its query what is asked. Empty values are left out."""
    said = {name: value for name, value in asked.items() if value}
    if binding == "json-1.0":
        return targeted_call(f"{_SERVICE}.{operation}", msgspec.json.encode(said))
    path = _PATHS.get(operation, f"/{operation}")
    if method == "GET":
        query = {name: "true" if value is True else str(value) for name, value in said.items()}
        return Call("GET", path, {"accept": JSON}, query=query)
    headers = {"content-type": JSON, "accept": JSON}
    return Call("POST", path, headers, msgspec.json.encode(said))

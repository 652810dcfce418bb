"""How an operation of Kiro is called, in either of its two bindings (docs/kiro.md §2.2)."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

Binding: TypeAlias = Literal["rest", "json-1.0"]
JSON = "application/json"
EVENT_STREAM = "application/vnd.amazon.eventstream"
_JSON_10 = "application/x-amz-json-1.0"
STREAMING = "AmazonCodeWhispererStreamingService"


class Call(Struct, frozen=True):
    """One call of an operation, which any host that serves it and any account may get."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: Mapping[str, str] = {}


def generate_call(body: bytes, binding: Binding) -> Call:
    """Ask for an answer to a composed conversation."""
    if binding == "json-1.0":
        return targeted_call(f"{STREAMING}.GenerateAssistantResponse", body, EVENT_STREAM)
    headers = {
        "content-type": JSON,
        "accept": EVENT_STREAM,
        "x-amzn-kiro-agent-mode": "vibe",
    }
    return Call("POST", "/generateAssistantResponse", headers, body)


def targeted_call(target: str, body: bytes, accept: str = _JSON_10) -> Call:
    """Call an operation by its name in the service's model, as AWS JSON 1.0 does."""
    headers = {"content-type": _JSON_10, "accept": accept, "x-amz-target": target}
    return Call("POST", "/", headers, body)

"""What dialects share beside the conversation: fields without effect, refused ones, sessions."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ki2api.conversation import EFFORTS, ImageFormat
from ki2api.errors import InvalidRequest
from ki2api.protocols import RawRequest

IMAGE_FORMATS: Mapping[str, ImageFormat] = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
# Stable over a run in what Claude Code, opencode and Codex send (seen 2026-11).
SESSION_HEADERS = (
    "x-claude-code-session-id",
    "x-session-affinity",
    "x-session-id",
    "session-id",
)


class Refused(msgspec.Struct, frozen=True):
    """A field that would change the reply's shape: the value that does not, and what to say."""

    why: str
    neutral: Any = None


def session_of(request: RawRequest) -> str | None:
    """Find the session that a client's headers name."""
    headers = request.headers
    for name in SESSION_HEADERS:
        if found := headers.get(name):
            return found
    return None


def asked_for(request: msgspec.Struct, neutral: Mapping[str, Any]) -> list[str]:
    """Name the fields that hold anything but null or the value that asks for nothing."""
    return [
        name
        for name in neutral
        if (value := getattr(request, name)) is not None and value != neutral[name]
    ]


def refuse_any(request: msgspec.Struct, refused: Mapping[str, Refused]) -> None:
    """Refuse the first field that asks for what this gateway cannot give."""
    for name in refused:
        value = getattr(request, name)
        if value is not None and value != refused[name].neutral:
            raise InvalidRequest(refused[name].why, path=name)


def checked_effort(effort: str | None, at: str) -> str | None:
    """Return an effort that a model may know; raises InvalidRequest for any other word."""
    if effort is None or effort in EFFORTS:
        return effort
    raise InvalidRequest(f"must be one of {', '.join(EFFORTS)}", path=at)

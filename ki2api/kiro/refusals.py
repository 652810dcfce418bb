"""Reads Kiro's refusals: which error of ours an answer, a frame or an event stands for (§5.3).

The order is: the reason, fragments of the message, the exception's type, the status.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ki2api.errors import GatewayError, InvalidRequest
from ki2api.kiro.framing import Frame
from ki2api.kiro.rulings import (
    BAD,
    DOWN,
    NO_KIRO,
    PHRASES,
    REASON_FAMILIES,
    REASONS,
    STATUSES,
    TYPES,
    Ruling,
)

_UNAUTHORIZED, _SERVER_FAULT = 401, 500
_LONGEST_QUOTE = 500
_LONGEST_READ = 2_000  # before masking, whose patterns take long on long words
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Whatever could name a person, an account, a secret or a place.
_NAMING = re.compile(
    r"arn:\S+"
    r"|\w+://\S+"
    r"|\S+@\S+"
    r"|\bksk_\S+"
    r"|\bd-[0-9A-Za-z]{6,}[^\s,;)]*"
    r"|\b[0-9a-f]{8}-[0-9a-f-]{20,}\b"
    r"|\b\d{9,}\b"
    r"|[A-Za-z0-9+/_=.-]{33,}",
    re.IGNORECASE,
)


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
    """Read an answer that is no reply; header names are lower case."""
    document = _document(body)
    kind = _kind(document) or _short(headers.get("x-amzn-errortype"))
    ruling = STATUSES.get(status) or (DOWN if status >= _SERVER_FAULT else NO_KIRO)
    if status != _UNAUTHORIZED:  # which always means the token, whatever its exception (§5.2)
        ruling = TYPES.get(kind, ruling)
    return _judge(document, ruling, _seconds(headers.get("retry-after")))


def frame_refusal(frame: Frame) -> GatewayError:
    """Read an exception frame or an error frame."""
    headers = frame.headers
    document = {"message": headers.get(":error-message"), **_document(frame.payload)}
    kind = _short(headers.get(":exception-type") or headers.get(":error-code"))
    return _judge(document, TYPES.get(kind) or TYPES.get(_kind(document), DOWN))


def document_refusal(document: Mapping[str, Any]) -> GatewayError:
    """Read a fault that came inside an ordinary event."""
    return _judge(document, TYPES.get(_kind(document), DOWN))


def _judge(
    document: Mapping[str, Any], otherwise: Ruling, wait: float | None = None
) -> GatewayError:
    message = _member(document, "message") or _member(document, "Message")
    ruling = _by_reason(_member(document, "reason")) or _by_phrase(message) or otherwise
    if wait is None:
        wait = _seconds(document.get("retryAfterMilliseconds"), 1_000)
    quote = _cleaned(message) if issubclass(ruling.error, InvalidRequest) else ""
    detail = f"{ruling.detail} It says: {quote}" if quote else ruling.detail
    return ruling.error(detail, retry_after=ruling.wait(wait))


def _by_reason(reason: str) -> Ruling | None:
    return REASONS.get(reason) or (BAD if reason.startswith(REASON_FAMILIES) else None)


def _by_phrase(message: str) -> Ruling | None:
    folded = message.lower()
    for fragments, ruling in PHRASES:
        if all(fragment in folded for fragment in fragments):
            return ruling
    return None


def _document(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _member(document: Mapping[str, Any], name: str) -> str:
    """Return a text that may stand at the top or inside `error`; the latter may be one itself."""
    inner = document.get("error")
    if isinstance(text := document.get(name), str):
        return text
    if isinstance(inner, str):
        return inner
    text = inner.get(name) if isinstance(inner, dict) else ""
    return text if isinstance(text, str) else ""


def _kind(document: Mapping[str, Any]) -> str:
    return _short(document.get("__type") or document.get("_type"))


def _short(kind: object) -> str:
    """Cut `com.amazon…#Name:http://…` down to the name."""
    return kind.rsplit("#", 1)[-1].split(":", 1)[0].strip() if isinstance(kind, str) else ""


def _seconds(value: object, per_second: int = 1) -> float | None:
    """Read a waiting time; what is no number, or less than nothing, is as good as none."""
    try:
        seconds = float(value) / per_second  # type: ignore[arg-type]  # any other type raises
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if seconds >= 0 else None


def _cleaned(message: str) -> str:
    """Make a sentence of Kiro's fit to be shown: no controls, names or secrets, and not long."""
    plain = _CONTROLS.sub(" ", message[:_LONGEST_READ]).strip()
    return _NAMING.sub("[…]", plain)[:_LONGEST_QUOTE]

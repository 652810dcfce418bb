"""Tool names on both sides: what the client calls its tools, and a name that Kiro takes.

T1: at most 64 characters. T2: a letter, then letters, digits, `_` and `-` (the hyphen by U9).
T3: unique, also when case is ignored. T15: names of Kiro's own server tools are kept free.
"""

import re
from hashlib import sha256

MAX_NAME = 64
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")
_FITTING = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]*")
_RESERVED = frozenset({"web_search", "websearch"})
_STEM, _DIGEST = 50, 13


class ToolNames:
    """The tool names of one request. Kiro may answer in another case, so case is ignored there."""

    def __init__(self) -> None:
        self._to_kiro: dict[str, str] = {}
        self._to_kiro_folded: dict[str, str] = {}
        self._to_client: dict[str, str] = {}
        self.attempts: dict[str, int] = {}
        """How many digests of a name were tried: many tools may have one name."""

    def copy(self) -> "ToolNames":
        """Return the same names, to which others may come."""
        copy = ToolNames()
        copy._to_kiro = {**self._to_kiro}
        copy._to_kiro_folded = {**self._to_kiro_folded}
        copy._to_client = {**self._to_client}
        copy.attempts = {**self.attempts}
        return copy

    def declare(self, name: str) -> str:
        """Take a tool of the client and return the name that Kiro gets; always a new one."""
        fitted = _t1_t3_short_and_unique(_t15_not_reserved(_t2_charset(name)), name, self)
        self._to_client[fitted.casefold()] = name
        self._to_kiro.setdefault(name, fitted)
        self._to_kiro_folded.setdefault(name.casefold(), fitted)
        return fitted

    def kiro(self, name: str) -> str | None:
        """Return Kiro's name of a declared tool; the exact name wins over one in another case."""
        return self._to_kiro.get(name) or self._to_kiro_folded.get(name.casefold())

    def client(self, name: str) -> str:
        """Return the client's name of a tool that Kiro calls so."""
        return self._to_client.get(name.casefold(), name)

    def taken(self, name: str) -> bool:
        """Tell whether Kiro already knows a tool by this name."""
        return name.casefold() in self._to_client


def rule_of(name: str) -> str:
    """Tell which rule made a name change."""
    if not _FITTING.fullmatch(name):
        return "T2"
    if len(name) > MAX_NAME:
        return "T1"
    return "T15" if name.casefold() in _RESERVED else "T3"


def _t2_charset(name: str) -> str:
    fitted = _FOREIGN.sub("_", name)
    return fitted if _FITTING.fullmatch(fitted) else f"tool_{fitted}"


def _t15_not_reserved(name: str) -> str:
    return f"client_{name}" if name.casefold() in _RESERVED else name


def _t1_t3_short_and_unique(fitted: str, name: str, names: ToolNames) -> str:
    stem = fitted[:_STEM]
    while len(fitted) > MAX_NAME or names.taken(fitted):
        attempt = names.attempts.get(name, 0)
        seed = f"{name}\0{attempt}" if attempt else name
        digest = sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()
        fitted = f"{stem}_{digest[:_DIGEST]}"
        names.attempts[name] = attempt + 1
    return fitted

"""What the caller calls its tools, and the one flat name that each has everywhere inside."""

import msgspec

_PLAIN = "functions"
"""The namespace of tools that have none, as OpenAI's models and Codex call it (seen 2026-11)."""


class Called(msgspec.Struct, frozen=True):
    """A tool as the caller knows it; a custom one takes free text."""

    name: str
    namespace: str | None = None
    custom: bool = False


class FlatNames:
    """The flat names of one request: unique, and reversible for every tool that was declared."""

    def __init__(self) -> None:
        self._flat: dict[tuple[str | None, str], str] = {}
        self._called: dict[str, Called] = {}

    def declare(self, tool: Called) -> str:
        """Take a tool and return its flat name."""
        wanted = flat = _joined(tool.namespace, tool.name)
        number = 1
        while self._taken(flat, tool):
            number += 1
            flat = f"{wanted}_{number}"
        self._flat[tool.namespace, tool.name] = flat
        self._called[flat] = tool
        return flat

    def flat(self, namespace: str | None, name: str) -> str:
        """Return the flat name of a tool, also of one that is not declared any more."""
        return self._flat.get((namespace, name)) or _joined(namespace, name)

    def called(self, flat: str) -> Called:
        """Return the tool that has this flat name."""
        return self._called.get(flat) or Called(flat)

    def _taken(self, flat: str, tool: Called) -> bool:
        other = self._called.get(flat)
        return other is not None and (other.namespace, other.name) != (tool.namespace, tool.name)


def _joined(namespace: str | None, name: str) -> str:
    if namespace in (None, "", _PLAIN):
        return name
    return f"{namespace}{name}" if namespace.endswith("__") else f"{namespace}__{name}"

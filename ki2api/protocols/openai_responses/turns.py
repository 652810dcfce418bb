"""Items as turns: neighbours of one role are one turn, and what a tool gave follows its call."""

from collections.abc import Iterable

from ki2api.conversation import Part, Role, ToolCallPart, ToolResultPart, Turn


class _Open:
    """A turn that may still grow."""

    def __init__(self, turn: Turn) -> None:
        self.role: Role = turn.role
        self.at = turn.at
        self.parts: list[Part] = []

    def closed(self) -> Turn:
        return Turn(self.role, tuple(self.parts), self.at)


def joined_turns(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Join the turns of single items.

    Codex puts a message of the assistant between a call and what it gave (seen 2026-11); Kiro wants
    both in neighbouring turns (docs/kiro.md H7).
    """
    opened: list[_Open] = []
    callers: dict[str, int] = {}
    for turn in turns:
        for part in turn.parts or (None,):
            here = _place(opened, callers, turn, part)
            if part is not None:
                opened[here].parts.append(part)
            if isinstance(part, ToolCallPart):
                callers[part.id] = here
    return tuple(turn.closed() for turn in opened)


def _place(opened: list[_Open], callers: dict[str, int], turn: Turn, part: Part | None) -> int:
    """Find the turn that a part belongs to, or open it."""
    if isinstance(part, ToolResultPart):
        after = callers.get(part.call_id, len(opened)) + 1
        if after < len(opened):
            return after
    if not opened or opened[-1].role != turn.role:
        opened.append(_Open(turn))
    return len(opened) - 1

"""System texts that stand among the messages: the opening ones are the conversation's own."""

from collections.abc import Iterable

from ki2api.conversation import Part, TextPart, Turn
from ki2api.errors import InvalidRequest


def part_system(
    messages: Iterable[tuple[bool, Turn]], path: str = "messages"
) -> tuple[tuple[TextPart, ...], tuple[Turn, ...]]:
    """Part the opening system texts from the turns; a later one stays where it is, as a turn.

    Each message comes with whether it is a system message; `path` is where all of them stand.
    """
    system: list[TextPart] = []
    turns: list[Turn] = []
    for is_system, turn in messages:
        if is_system and not turns:
            system.extend(_text(part) for part in turn.parts)
        else:
            turns.append(turn)
    if not turns:
        raise InvalidRequest("at least one message besides the system's is required", path=path)
    return tuple(system), tuple(turns)


def _text(part: Part) -> TextPart:
    if isinstance(part, TextPart):
        return part
    raise InvalidRequest("only text is supported in a system message", path=part.at)

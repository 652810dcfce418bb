"""What a stage changed on a flow, in words: two looks at its slots, and what differs."""

from collections.abc import Iterator, Mapping, Sized
from typing import Any

import msgspec

from ki2api.accounts.lease import Lease
from ki2api.conversation import Conversation
from ki2api.flow import Caller, GatewayFlow
from ki2api.models import Target
from ki2api.protocols import Delivery

_LONGEST = 48
_MOST = 12
"""Differences told of one slot; a stage that rewrites every turn is not told turn by turn."""


def looked(flow: GatewayFlow) -> Mapping[str, Any]:
    """Look at the filled slots; their values are never changed in place."""
    return {name: getattr(flow, name) for name in sorted(flow.slots()) if flow.has(name)}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Say what differs between two looks."""
    for name, value in after.items():
        if name not in before:
            yield f"fills {name}{_summary(value)}"
        elif value is not before[name]:
            yield from _first(_differences(before[name], value, name))
    yield from (f"empties {name}" for name in before if name not in after)


def _summary(value: object) -> str:
    match value:
        case Conversation(turns=turns, tools=tools, system=system):
            counts = {"turn": turns, "tool": tools, "system text": system}
            return ": " + ", ".join(_counted(each, name) for name, each in counts.items() if each)
        case Delivery(stream=stream):
            return ": streamed" if stream else ": whole"
        case Target(model=model):
            return f": {model.id}"
        case Caller(key=key):
            return f": the {key} key"
        case Lease(name=name):
            return f": {name}"
        case _:
            return ""


def _differences(before: Any, after: Any, at: str) -> Iterator[str]:
    if isinstance(before, msgspec.Struct) and type(before) is type(after):
        for field in before.__struct_fields__:
            yield from _differences(getattr(before, field), getattr(after, field), f"{at}.{field}")
    elif isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, f"{at}[{index}]")
    elif before != after:
        yield f"{at}: {_shown(before)} ▶ {_shown(after)}"


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case str() | tuple() | list() | dict() if not value:
            return "nothing"
        case tuple() | list() | dict():
            return _counted(value, "item")
        case msgspec.Struct():
            return type(value).__name__
        case msgspec.Raw():
            text = bytes(value).decode(errors="replace")
        case str():
            text = msgspec.json.encode(value).decode()
        case _:
            text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _counted(values: Sized, name: str) -> str:
    return f"{len(values)} {name}" + ("" if len(values) == 1 else "s")


def _first(differences: Iterator[str]) -> Iterator[str]:
    for told, difference in enumerate(differences):
        if told == _MOST:
            yield "and more"
            return
        yield difference

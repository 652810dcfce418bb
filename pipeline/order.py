"""Proves that the stages of a chain can work in the order in which they stand."""

from collections.abc import Iterator, Sequence

import msgspec

from pipeline.chain import NamedStage
from pipeline.errors import OrderError, did_you_mean
from pipeline.flow import Flow
from pipeline.stage import AnyStage, Endpoint, FlowT

WORDS = ("requires", "provides", "awaits", "answers", "takes")
NONE: frozenset[str] = frozenset()


class Room(msgspec.Struct, frozen=True):
    """A stage or the endpoint as the proof sees it: what it is called and its slot words."""

    name: str
    title: str
    requires: frozenset[str] = NONE
    provides: frozenset[str] = NONE
    awaits: frozenset[str] = NONE
    answers: frozenset[str] = NONE
    takes: frozenset[str] = NONE


def prove(
    stages: Sequence[NamedStage],
    endpoint: Endpoint[FlowT],
    flow_type: type[FlowT],
    wanted: str = "response",
) -> list[str]:
    """Raise OrderError with all faults of this order, or return warnings about it."""
    rooms = [
        *(
            Room(name, f"stage #{number} {name!r}", *(getattr(stage, word) for word in WORDS))
            for number, (name, stage) in enumerate(stages, start=1)
        ),
        Room("endpoint", "the endpoint", requires=endpoint.requires, answers=endpoint.answers),
    ]
    faults = [fault for room in rooms for fault in _unknown_slots(room, flow_type)]
    if not faults:  # a misspelt slot would show as several faults of order
        faults = [*_way_in(rooms, flow_type.given), *_way_out(rooms, flow_type.given, wanted)]
    if faults:
        raise OrderError("\n".join(faults))
    return [*_same_in_every_attempt(stages), *_emptied_by_attempts(stages, flow_type.given)]


def suffice(
    stages: Sequence[type[AnyStage]],
    endpoint: Endpoint[FlowT],
    flow_type: type[FlowT],
    wanted: str = "response",
) -> bool:
    """Return whether these stages fill all that is needed, in whatever order they stand."""
    needed = {wanted}.union(endpoint.requires, *(each.requires | each.awaits for each in stages))
    filled = flow_type.given.union(
        endpoint.answers, *(each.provides | each.answers for each in stages)
    )
    return needed & flow_type.slots() <= filled


def _unknown_slots(room: Room, flow_type: type[Flow]) -> Iterator[str]:
    slots = flow_type.slots()
    for word in WORDS:
        for slot in sorted(getattr(room, word) - slots):
            hint = did_you_mean(slot, sorted(slots))
            yield f"{room.title} {word} {slot!r}, but {flow_type.__name__} has no such slot{hint}"


def _way_in(rooms: Sequence[Room], given: frozenset[str]) -> Iterator[str]:
    filled = set(given)
    for room in rooms:
        for slot in sorted(room.requires - filled):
            yield f"{room.title} needs flow.{slot}: {_how_to_fill(slot, room, rooms)}"
        filled |= room.provides


def _how_to_fill(slot: str, room: Room, rooms: Sequence[Room]) -> str:
    for other in rooms:
        if slot in other.provides and other is not room:
            return f"put {other.name!r} before {room.name!r}"
    for other in rooms:
        if slot in other.answers:
            return f"{other.name!r} fills it on the way back only, so `awaits` is the word for it"
    return f"nothing in this pipeline provides flow.{slot}"


def _way_out(rooms: Sequence[Room], given: frozenset[str], wanted: str) -> Iterator[str]:
    filled = given.union(*(room.provides for room in rooms))
    used_up: dict[str, str] = {}
    for room in reversed(rooms):
        for slot in sorted((room.awaits | room.takes) - filled):
            yield f"{room.title} awaits flow.{slot}, {_how_to_await(slot, room, rooms, used_up)}"
        used_up |= dict.fromkeys(room.takes, room.name)
        filled = (filled - room.takes) | room.answers
    if wanted not in filled:
        last = used_up.get(wanted)
        yield (
            f"{last!r} uses up flow.{wanted}, and nothing outside it answers flow.{wanted} again"
            if last
            else f"nothing in this pipeline answers flow.{wanted}"
        )


def _how_to_await(slot: str, room: Room, rooms: Sequence[Room], used_up: dict[str, str]) -> str:
    if slot in used_up:
        taker = used_up[slot]
        return f"but {taker!r} inside it has used them up: put {room.name!r} after {taker!r}"
    for other in rooms:
        if slot in other.answers and other is not room:
            return f"but {other.name!r} stands outside it: put {room.name!r} before {other.name!r}"
    return f"but nothing in this pipeline answers flow.{slot}"


def _same_in_every_attempt(stages: Sequence[NamedStage]) -> Iterator[str]:
    for place, (name, stage) in enumerate(stages):
        for inner_name, inner in stages[place + 1 :]:
            if stage.once_per_attempt and inner.repeats:
                yield f"{inner_name!r} stands inside {name!r}: {stage.once_per_attempt}"


def _emptied_by_attempts(stages: Sequence[NamedStage], given: frozenset[str]) -> Iterator[str]:
    filled = given
    for place, (name, stage) in enumerate(stages):
        filled = filled | stage.provides
        for inner_name, inner in stages[place + 1 :]:
            for slot in sorted(inner.provides & filled) if stage.repeats else ():
                yield (
                    f"{inner_name!r} fills flow.{slot} again, so {name!r} empties it before each"
                    f" new attempt: put {inner_name!r} before {name!r}"
                )

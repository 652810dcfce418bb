"""Kiro's events: whatever they say, a reply comes of them in order, or an error that is not ours.

An input is a list of frames: each the kind of its event, or its headers, and its payload, which is
JSON, or a text that should have been.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from ki2api.errors import Bug, GatewayError
from ki2api.events import Grammar, ReplyEvent, fold
from ki2api.kiro.framing import Frame
from ki2api.kiro.hearing import Hearing
from ki2api.kiro.interpret import Interpreter
from ki2api.kiro.names import ToolNames
from ki2api.protocols.registry import DIALECTS
from tests.fuzz.mutation import mutate_json
from tests.fuzz.streams import encoder_of, ended, failed

WORDS = (
    "ki2api/kiro/interpret.py",
    "ki2api/kiro/wire.py",
    "ki2api/kiro/rulings.py",
    "ki2api/kiro/tags.py",
)
HEARINGS = [Hearing(), *(Hearing(show, tagged=True) for show in ("shown", "signed", "hidden"))]
mutate = mutate_json


def check(data: bytes) -> None:
    """Hear a reply in each of the ways, and say it in each of the dialects."""
    frames = list(frames_in(data))
    for hearing in HEARINGS:
        batches, failure = heard(frames, hearing)
        grammar = Grammar()
        for event in (event for batch in batches for event in batch):
            grammar.check(event)
        assert grammar.ended == (failure is None)
        assert not isinstance(failure, Bug)
        for name in DIALECTS:
            said(name, batches, failure)


def frames_in(data: bytes) -> Iterator[Frame]:
    """Read an input; what is no list of pairs is none."""
    try:
        listed = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    for pair in listed if isinstance(listed, list) else ():
        if isinstance(pair, list) and len(pair) == 2:
            kind, payload = pair
            text = payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload)
            yield Frame(headers_of(kind), text)


def headers_of(kind: Any) -> dict[str, str]:
    """Make the headers of an event, or take them as they are given."""
    if not isinstance(kind, dict):
        return {":message-type": "event", ":event-type": str(kind)}
    return {name: value for name, value in kind.items() if isinstance(value, str)}


def heard(
    frames: list[Frame], hearing: Hearing
) -> tuple[list[list[ReplyEvent]], GatewayError | None]:
    """Return what an interpreter makes of frames, a batch for each, and how it ended."""
    names = ToolNames()
    names.declare("get_weather")
    interpreter = Interpreter(names, 200_000, 10, hearing)
    batches: list[list[ReplyEvent]] = []
    try:
        for frame in frames:
            batches.append(interpreter.feed(frame))  # noqa: PERF401 - those before an error count
        batches.append(interpreter.finish())
    except GatewayError as error:
        return batches, error
    return batches, None


def said(name: str, batches: list[list[ReplyEvent]], failure: GatewayError | None) -> None:
    """Write a reply in a dialect."""
    encoder = encoder_of(DIALECTS[name])
    stream = b"".join(encoder.feed(batch) for batch in batches)
    if failure is not None:
        failed(name, stream + encoder.fail(failure))
        return
    ended(name, stream)
    whole = encoder_of(DIALECTS[name]).whole(fold(e for batch in batches for e in batch))
    assert msgspec.json.decode(whole)

"""A request in the making: what the rules look at and mend before it is put on the wire."""

from operator import attrgetter
from typing import Any

import msgspec

from ki2api.conversation import DocumentPart, ImagePart, Role, ThinkingPart
from ki2api.kiro.learnt import Learnt
from ki2api.kiro.limits import Limits
from ki2api.kiro.names import ToolNames
from ki2api.kiro.wire import ModelFields
from ki2api.models import Model


class Repair(msgspec.Struct, frozen=True):
    """Something that was said otherwise so that Kiro takes it: by which rule, where, and how."""

    rule: str
    at: str
    text: str


class Call(msgspec.Struct, gc=False):
    """A tool call of the model, under Kiro's name of the tool."""

    id: str
    name: str
    input: dict[str, Any]
    at: str


class Result(msgspec.Struct, gc=False):
    """What running a tool gave, as texts; its images and documents went to the turn."""

    call_id: str
    texts: list[str]
    is_error: bool
    at: str


class Said(msgspec.Struct, gc=False):
    """One turn: a user has texts, attachments and results; the assistant thoughts, texts, calls."""

    role: Role
    at: str
    texts: list[str] = []
    images: list[ImagePart] = []
    documents: list[DocumentPart] = []
    calls: list[Call] = []
    results: list[Result] = []
    thoughts: list[ThinkingPart] = []

    @property
    def content(self) -> str:
        """The words of the turn."""
        return "\n\n".join(self.texts)


class Spec(msgspec.Struct, frozen=True):
    """A tool as Kiro is told about it: its name there, and all of it as JSON."""

    name: str
    raw: msgspec.Raw


class Offer(msgspec.Struct):
    """The tools of a request as Kiro is told of them, and what was changed for it."""

    names: ToolNames = msgspec.field(default_factory=ToolNames)
    tools: list[Spec] = []
    system: list[str] = []
    """The system text, where descriptions go that are too long."""
    repairs: list[Repair] = []
    nodes: int = 20_000
    """How many nodes of schemas may still be written out: references can make them endless."""

    def repair(self, rule: str, at: str, text: str) -> None:
        """Record what a rule did."""
        self.repairs.append(Repair(rule, at, text))


class Draft(Offer, kw_only=True):
    """The whole request. A rule that changes something leaves a repair."""

    model: Model
    limits: Limits
    turns: list[Said] = []
    document_names: set[str] = set()
    """The names that are taken, in lower case."""
    learnt: Learnt = Learnt()
    fields: ModelFields | None = None
    tagged: bool = False
    """Whether the system text asks for thoughts as tagged text."""
    ignored: list[str] = []
    """What was asked of thinking and has no effect."""

    def has(self, what: str) -> bool:
        """Tell whether any turn has such, as most conversations do not have most of it."""
        return any(map(attrgetter(what), self.turns))

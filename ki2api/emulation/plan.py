"""What one request needs beside Kiro: what to ask instead, what to change and what to check."""

from collections.abc import Callable

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from ki2api.conversation import Conversation, ReplyFormat, TextPart, Turn
from ki2api.emulation import prefill, reply_format, tool_choice
from ki2api.emulation.calls import Calls
from ki2api.emulation.checks import Arguments, Check, Unfit
from ki2api.emulation.edits import Edit, Edits
from ki2api.emulation.length import Length
from ki2api.emulation.prefill import Prefill, prefill_of
from ki2api.emulation.reply_format import InJSON
from ki2api.emulation.schema import Schema, SchemaFault
from ki2api.emulation.stop import StopStrings
from ki2api.errors import InvalidRequest
from ki2api.estimate import Family
from ki2api.events import Reply

_TITLE = "# How to reply\n\n"
# A turn of the user's own, since the reply is a new one: the form leaves nothing to go on from.
_NOTHING = msgspec.Raw(b"false")
"""A schema that no value fits."""
_ANSWER_NOW = "(Please answer now, in the form that was asked for.)"

Note = Callable[[str], None]


class Limit(Struct, frozen=True):
    """How a token limit is kept: cut here at so many tokens, and by the model itself or not."""

    cut: int | None = None
    native: bool = False
    family: Family = "claude"
    """How the model counts."""


class Plan(Struct):
    """One request's emulation. `names` are the things emulated, as clients call them."""

    conversation: Conversation
    limit: Limit = Limit()
    names: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    stops: tuple[str, ...] = ()
    said: str = ""
    allowed: frozenset[str] | None = None
    single: bool = False

    @property
    def edited(self) -> bool:
        """Whether any reply needs more than checks."""
        calls = self.single or self.allowed is not None
        return bool(self.said or self.stops or calls or self.limit.cut is not None)

    def edits(self, note: Note, *, once: bool = True) -> Edits:
        """Make the edits of one reply; without `once`, those that may be made a second time."""
        row: list[Edit] = []
        if self.said and once:
            row.append(Prefill(self.said))
        if self.single or self.allowed is not None:
            row.append(Calls(self.allowed, single=self.single, note=note))
        if self.stops:
            row.append(StopStrings(self.stops))
        return Edits(row, Length(self.limit.cut, self.limit.family))

    def settled(self, reply: Reply) -> Reply:
        """Return the reply as it may be passed on; raises Unfit.

        A reply that was cut, or that the model refused, says so itself and is let through.
        """
        if reply.reason not in {"end", "tool-calls"}:
            return reply
        for check in self.checks:
            reply = check(reply)
        return reply

    def found_faulty(self, reply: Reply) -> str | None:
        """Say what is wrong with a reply that can be changed no more, or None."""
        try:
            settled = self.settled(reply)
        except Unfit as fault:
            return str(fault)
        return None if settled.parts == reply.parts else "It must be JSON alone."


def plan_of(conversation: Conversation, limit: Limit) -> Plan:
    """Say what a request needs; raises InvalidRequest.

    What is done here is taken out of the conversation; a limit that the model keeps stays in it.
    """
    plan = Plan(conversation, limit)
    if not limit.native:
        if conversation.sampling.max_tokens is not None:
            _ask(plan, sampling=replace(conversation.sampling, max_tokens=None))
        plan.names += ["max_tokens"] if limit.cut is not None else []
    if conversation.sampling.stop:
        plan.names.append("stop")
        plan.stops = conversation.sampling.stop
        _ask(plan, sampling=replace(plan.conversation.sampling, stop=()))
    _choose_tools(plan)
    _fit_arguments(plan)
    _form_reply(plan)
    if plan.told:
        words = TextPart(_TITLE + "\n\n".join(plan.told), "system")
        _ask(plan, system=(*plan.conversation.system, words))
    return plan


def _ask(plan: Plan, **changed: object) -> None:
    plan.conversation = replace(plan.conversation, **changed)


def _choose_tools(plan: Plan) -> None:
    asked = plan.conversation.tool_choice
    chosen = tool_choice.chosen(plan.conversation)
    if asked.mode != "auto":
        plan.names.append("tool_choice")
    if not asked.parallel:
        plan.names.append("parallel_tool_calls")
    plan.single = not asked.parallel
    plan.allowed = chosen.allowed
    plan.told += chosen.told
    plan.checks += chosen.checks
    plan.conversation = chosen.conversation


def _fit_arguments(plan: Plan) -> None:
    schemas = {
        tool.name: _schema(tool.schema, tool.at) for tool in plan.conversation.tools if tool.strict
    }
    if schemas:
        plan.names.append("strict")
        plan.checks.append(Arguments(schemas))
        tools = (replace(tool, strict=False) for tool in plan.conversation.tools)
        _ask(plan, tools=tuple(tools))


def _form_reply(plan: Plan) -> None:
    conversation, asked = plan.conversation, plan.conversation.reply_format
    if asked.kind != "text":
        schema = _schema(asked.schema, asked.at) if asked.kind == "json-schema" else None
        plan.names.append("response_format")
        plan.told.append(reply_format.instruction(asked, tools=bool(conversation.tools)))
        plan.checks.append(InJSON(schema))
        _ask(plan, reply_format=ReplyFormat(), turns=_ended_by_user(conversation.turns))
    elif said := prefill_of(conversation):
        plan.names.append("prefill")
        plan.told.append(prefill.INSTRUCTION)
        plan.said = said


def _schema(raw: msgspec.Raw, at: str) -> Schema:
    if raw == _NOTHING:
        raise InvalidRequest("its schema cannot be kept: nothing fits it", path=at)
    try:
        return Schema(raw)
    except SchemaFault as fault:
        raise InvalidRequest(f"its schema cannot be kept: {fault}", path=at) from None


def _ended_by_user(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    if turns[-1].role == "user":
        return turns
    return (*turns, Turn("user", (TextPart(_ANSWER_NOW),), turns[-1].at))

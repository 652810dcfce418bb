"""Does what Kiro has no field for: asks for it in words, changes the reply, and checks it."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from ki2api.emulation.checks import Hold, Required, Unfit
from ki2api.emulation.plan import Limit, Plan, plan_of
from ki2api.emulation.repair import asked_again, costing_more
from ki2api.errors import InvalidReply
from ki2api.estimate import family_of
from ki2api.events import Reply, Usage
from ki2api.flow import GatewayFlow
from ki2api.kiro.fields import native_max_tokens
from ki2api.streams import (
    Events,
    checked,
    edited,
    gathered,
    replayed,
    resumed,
    until_call,
)
from pipeline import Next, Stage, StageConfig

SLACK = 2
"""A limit that the model keeps by itself is kept here at so many times its tokens: the model counts
exactly, and we estimate."""


class EmulateConfig(StageConfig, frozen=True):
    """How far a reply is pressed that must have a form or call a tool."""

    repairs: Annotated[int, Meta(ge=0, le=3)] = 1
    """How often the model is asked anew, and told its fault, before anything was passed on."""
    hold_streams: bool = True
    """A stream that must be JSON, or call a tool, waits with pings until that is sure."""


class Emulate(Stage[GatewayFlow, EmulateConfig]):
    """Emulates tool choice, stop strings, token limits, reply formats, strict tools and prefill."""

    name = "emulate"
    requires: ClassVar[frozenset[str]] = frozenset({"conversation", "delivery", "target"})
    awaits: ClassVar[frozenset[str]] = frozenset({"events"})
    answers: ClassVar[frozenset[str]] = frozenset({"events"})
    repeats: ClassVar[bool] = True

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Ask for what can be kept, and keep it; raises InvalidRequest and InvalidReply."""
        asked = flow.conversation
        plan = plan_of(asked, self._limit(flow))
        if plan.names:
            flow.emulated = tuple(plan.names)
            flow.note(self.name, f"emulated: {', '.join(plan.names)}")
        flow.conversation = plan.conversation
        try:
            await _Answer(self.config, plan, flow, call_next).run()
        finally:
            # Those outside see what was asked: the reply is written for that.
            flow.conversation = asked

    def _limit(self, flow: GatewayFlow) -> Limit:
        asked, model = flow.conversation.sampling.max_tokens, flow.target.model
        if asked is None:
            return Limit()
        if asked > model.max_output:
            flow.note(self.name, f"max_tokens: {model.id} writes at most {model.max_output}")
        native = native_max_tokens(model, asked) is not None
        cut = asked * SLACK if native else asked
        return Limit(cut if cut < model.max_output else None, native, family_of(model.id))


class _Answer:
    """One request's way in and back, more than once where its reply is unfit."""

    def __init__(
        self, config: EmulateConfig, plan: Plan, flow: GatewayFlow, call_next: Next[GatewayFlow]
    ) -> None:
        self._config = config
        self._plan = plan
        self._flow = flow
        self._call_next = call_next
        self._edits = plan.edited
        self._edited_inside = False

    async def run(self) -> None:
        """Fill `flow.events` with a reply that is what was asked for; raises InvalidReply."""
        flow, plan, hold = self._flow, self._plan, self._hold()
        flow.held = hold == "whole"
        if self._edits:
            flow.shorten = self._edit_inside
        try:
            if hold != "nothing":
                await self._prove(hold)
                return
            await self._call_next(flow)
        finally:
            if self._edits:
                flow.shorten = None  # nobody outside asks for it, and it leads back to the flow
        if self._edits:
            flow.events = self._edited()
        if plan.checks:
            flow.events = checked(flow.events, plan.found_faulty)

    def _hold(self) -> Hold:
        if not self._plan.checks:
            return "nothing"
        holds = {check.hold for check in self._plan.checks}
        if not self._flow.delivery.stream:
            return "whole"
        if not self._config.hold_streams or holds <= {"nothing"}:
            return "nothing"
        return "whole" if "whole" in holds else "call"

    async def _prove(self, hold: Hold) -> None:
        """Ask until the reply is fit; those before it are paid for all the same."""
        flow = self._flow
        spent: list[Usage] = []
        while unfit := await self._attempt(hold):
            reply, fault = unfit
            flow.note(Emulate.name, f"the reply is unfit: {fault}")
            if len(spent) == self._config.repairs:
                raise InvalidReply(f"The model's reply is not what was asked for. {fault}")
            spent.append(reply.usage)
            flow.conversation = asked_again(self._plan.conversation, reply, fault)
        if spent:
            flow.through(partial(costing_more, spent))

    async def _attempt(self, hold: Hold) -> tuple[Reply, str] | None:
        """Fill `flow.events` with a fit reply, or return an unfit one and what is wrong with it."""
        flow = self._flow
        async with flow.scope():
            await self._call_next(flow)
            reply = await self._begun() if hold == "call" else await gathered(self._edited())
            if reply is None or not (fault := self._settle(reply)):
                return None
            # Closes what this scope opened, as gone well: the account is free for the next reply.
            await flow.aclose()
        return reply, fault

    def _settle(self, reply: Reply) -> str:
        """Put a fit reply into `flow.events`, or say what is wrong with it."""
        try:
            self._flow.events = replayed(self._plan.settled(reply))
        except Unfit as fault:
            return str(fault)
        return ""

    async def _begun(self) -> Reply | None:
        """Put a stream that calls a tool it must into `flow.events`; return one that does not."""
        required = (check.names for check in self._plan.checks if isinstance(check, Required))
        events = self._edited()
        read, found = await until_call(events, frozenset().union(*required))
        if not found:
            return await gathered(resumed(read, events))
        self._flow.events = checked(resumed(read, events), self._plan.found_faulty)
        return None

    def _edited(self) -> Events:
        if not self._edits:
            return self._flow.events
        edits = self._plan.edits(self._note, once=not self._edited_inside)
        return edited(self._flow.events, edits)

    def _edit_inside(self, events: Events) -> Events:
        self._edited_inside = True
        return edited(events, self._plan.edits(self._note))

    def _note(self, text: str) -> None:
        self._flow.note(Emulate.name, text)

"""Reads the client's dialect into the one form that everything inside works on."""

from collections.abc import Awaitable
from typing import ClassVar, Literal

from ki2api.conversation import Conversation
from ki2api.flow import GatewayFlow
from ki2api.protocols.unknown import unknown_fields
from pipeline import Next, Stage, StageConfig


class NormalizeConfig(StageConfig, frozen=True):
    """How lenient reading is."""

    unknown_parts: Literal["refuse", "drop"] = "refuse"
    """What becomes of content that cannot be served: an error that names it, or a note."""


class Normalize(Stage[GatewayFlow, NormalizeConfig]):
    """Decodes the request into a conversation and the way its reply is wanted."""

    name = "normalize"
    requires: ClassVar[frozenset[str]] = frozenset({"request", "protocol"})
    provides: ClassVar[frozenset[str]] = frozenset({"conversation", "delivery"})

    def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> Awaitable[None]:
        """Fill `flow.conversation` and `flow.delivery`; raises InvalidRequest."""
        drop = self.config.unknown_parts == "drop"
        flow.conversation, flow.delivery = flow.protocol.decode(flow.request, drop_unknown=drop)
        if later := _not_told_of(flow.conversation):
            flow.note(self.name, f"tools that the model is not told of now: {', '.join(later)}")
        if flow.watched:
            for told in unknown_fields(flow.request.body, flow.protocol.fields):
                flow.note(self.name, told)
        return call_next(flow)


def _not_told_of(asked: Conversation) -> list[str]:
    told = asked.told_tools
    if len(told) == len(asked.tools):
        return []
    names = {tool.name for tool in told}
    return [tool.name for tool in asked.tools if tool.name not in names]

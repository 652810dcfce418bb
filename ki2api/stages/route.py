"""Decides which of Kiro's models serves the request."""

from typing import ClassVar

import msgspec

from ki2api.conversation import Thinking
from ki2api.errors import UnknownModel
from ki2api.flow import GatewayFlow
from ki2api.models import SILENT, Catalogue
from pipeline import Next, Stage, StageConfig


class RouteConfig(StageConfig, frozen=True):
    """What to do with a model that the catalogue does not list."""

    unknown_model: str = "pass"
    """`pass` lets Kiro decide, `refuse` answers 404, and a model's id is used instead."""


class Route(Stage[GatewayFlow, RouteConfig]):
    """Finds the model that the client's name means, and what the name says of thinking."""

    name = "route"
    requires: ClassVar[frozenset[str]] = frozenset({"conversation"})
    provides: ClassVar[frozenset[str]] = frozenset({"target"})

    def __init__(self, config: RouteConfig, models: Catalogue) -> None:
        super().__init__(config)
        self._models = models

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Fill `flow.target`; raises UnknownModel, also where Kiro says so of the model."""
        asked = flow.conversation.model
        target = flow.target = self._models.find(self._allowed(asked))
        if target.model.id != asked:
            flow.note(self.name, f"{asked} is served by {target.model.id}")
        if target.thinking != SILENT:
            self._heed(flow, target.thinking)
        try:
            await call_next(flow)
        except UnknownModel as error:
            raise self._models.unknown(flow.target.asked, path="model") from error

    def _heed(self, flow: GatewayFlow, spoken: Thinking) -> None:
        """Let the model's name say of thinking what the request itself does not."""
        conversation = flow.conversation
        asked = conversation.thinking
        how_much = asked.effort is not None or asked.budget is not None
        heeded = msgspec.structs.replace(
            asked,
            enabled=spoken.enabled if asked.enabled is None else asked.enabled,
            effort=asked.effort if how_much else spoken.effort,
        )
        if heeded != asked:
            flow.conversation = msgspec.structs.replace(conversation, thinking=heeded)
            flow.note(self.name, f"thinking as the name {flow.target.asked} says")

    def _allowed(self, asked: str) -> str:
        match self.config.unknown_model:
            case "pass":
                return asked
            case "refuse" if not self._models.known(asked):
                raise self._models.unknown(asked, path="model")
            case "refuse":
                return asked
            case instead:
                return asked if self._models.known(asked) else instead

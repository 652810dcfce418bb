"""What the tests of the Kiro dialect share: composing in one call, and reading the body again."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ki2api.conversation import Conversation, Turn
from ki2api.kiro.compose import Composed, Learnt, Limits, compose, ids_of
from ki2api.models import Catalogue


class Heard(msgspec.Struct):
    """What Kiro would get."""

    composed: Composed
    body: dict[str, Any]

    @property
    def turns(self) -> list[dict[str, Any]]:
        """Every message without its envelope, the current one last."""
        state = self.body["conversationState"]
        envelopes = [*state.get("history", []), state["currentMessage"]]
        return [message for envelope in envelopes for message in envelope.values()]

    @property
    def tools(self) -> list[dict[str, Any]]:
        context = self.turns[-1].get("userInputMessageContext", {})
        return [tool["toolSpecification"] for tool in context.get("tools", [])]

    @property
    def results(self) -> list[dict[str, Any]]:
        context = self.turns[-1].get("userInputMessageContext", {})
        return list(context.get("toolResults", []))

    @property
    def rules(self) -> list[str]:
        return [repair.rule for repair in self.composed.repairs]


@pytest.fixture
def hear() -> Callable[..., Heard]:
    def hear(
        *turns: Turn,
        model: str = "claude-sonnet-4.5",
        limits: Limits | None = None,
        learnt: Learnt | None = None,
        **more: Any,
    ) -> Heard:
        conversation = Conversation(model, turns, **more)
        target = Catalogue().find(model)
        ids = ids_of(conversation)
        composed = compose(
            conversation, target, ids, limits=limits or Limits(), learnt=learnt or Learnt()
        )
        return Heard(composed, msgspec.json.decode(composed.body))

    return hear


@pytest.fixture
def png() -> str:
    return b64encode(b"\x89PNG\r\n\x1a\n" + bytes(24)).decode()

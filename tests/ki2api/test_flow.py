import msgspec
import pytest

from ki2api.conversation import Conversation, TextPart, Turn
from ki2api.errors import CallsSpent
from ki2api.flow import GatewayFlow
from ki2api.models import Catalogue
from pipeline.testing import build_flow

WORDS = "The estimate is made once, and anew where a stage has changed what it is made of. "


def conversation(text: str) -> Conversation:
    return Conversation("m", (Turn("user", (TextPart(text),)),))


def test_the_input_is_estimated_once_for_each_conversation_and_model() -> None:
    catalogue = Catalogue()
    flow = build_flow(
        GatewayFlow, conversation=conversation(WORDS), target=catalogue.find("claude-opus-4.5")
    )
    first = flow.estimate()
    assert flow.estimate() is first
    flow.target = catalogue.find("claude-opus-5")
    assert flow.estimate().tokens > first.tokens
    flow.conversation = msgspec.structs.replace(flow.conversation, turns=())
    assert flow.estimate().tokens == 0


def test_no_call_is_made_beyond_the_most_of_a_request() -> None:
    flow = build_flow(GatewayFlow)
    flow.max_calls = 2
    flow.spend_call()
    flow.spend_call()
    with pytest.raises(CallsSpent, match="called 2 times for this one request"):
        flow.spend_call()
    assert flow.calls == 2
    assert flow.notes[0].text == "called 2 times for this request: not called again"

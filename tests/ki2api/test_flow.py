import msgspec

from ki2api.conversation import Conversation, TextPart, Turn
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

"""How the parts of a conversation become turns of a draft: H16 lives here.

Each part belongs to a role by what it is: calls are the assistant's, results and images are the
user's, words are whose turn it is. A turn that mixes them is split where the role changes.
"""

from ki2api.conversation import (
    Conversation,
    ImagePart,
    Part,
    Role,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.errors import InvalidRequest
from ki2api.kiro.rules.draft import Call, Draft, Result, Said
from ki2api.kiro.rules.images import checked_image
from ki2api.kiro.rules.reasoning import read_thoughts
from ki2api.kiro.rules.text import h15_input, h19_clean

EMPTY_RESULT = "(empty result)"
IMAGE_RESULT = "(the result is an image, attached to this message)"


def read_system(draft: Draft, conversation: Conversation) -> None:
    """Put the system text in the draft."""
    for part in conversation.system:
        draft.system += _words(part.text)


def read_turns(draft: Draft, conversation: Conversation) -> None:
    """Put the turns in the draft; every tool they speak of has its name by now."""
    for turn in conversation.turns:
        draft.turns += _split_by_role(draft, turn)


def _split_by_role(draft: Draft, turn: Turn) -> list[Said]:
    turns: list[Said] = []
    for part in turn.parts:
        role = _role(part, turn)
        if not turns or turns[-1].role != role:
            turns.append(Said(role, turn.at))
        _put(draft, turns[-1], part)
    return turns or [Said(turn.role, turn.at)]


def _role(part: Part, turn: Turn) -> Role:
    match part:
        case ToolCallPart():
            return "assistant"
        case ToolResultPart() | ImagePart():
            return "user"
        case _:
            return turn.role


def _put(draft: Draft, said: Said, part: Part) -> None:
    match part:
        case TextPart(text=text):
            said.texts += _words(text)
        case ImagePart():
            said.images.append(checked_image(draft, part))
        case ToolCallPart():
            said.calls.append(_call(draft, part))
        case ToolResultPart():
            said.results.append(_result(draft, said, part))
        case ThinkingPart():
            read_thoughts(draft, said, part)
        case _:
            raise InvalidRequest("Documents are not supported yet; send their text.", path=part.at)


def _words(text: str) -> list[str]:
    text = h19_clean(text)
    return [text] if text.strip() else []


def _call(draft: Draft, part: ToolCallPart) -> Call:
    arguments, fault = h15_input(part.input)
    if fault:
        draft.repair("H15", part.at, fault)
    return Call(part.id, draft.names.kiro(part.name) or part.name, arguments, part.at)


def _result(draft: Draft, said: Said, part: ToolResultPart) -> Result:
    texts: list[str] = []
    images = [content for content in part.content if isinstance(content, ImagePart)]
    for content in part.content:
        if isinstance(content, TextPart):
            texts += _words(content.text)
    for image in images:
        said.images.append(checked_image(draft, image))
        draft.repair("H17", image.at, "an image of a tool result was attached to its turn")
    if not texts:
        draft.repair("H16", part.at, "the tool result has no words")
        texts = [IMAGE_RESULT if images else EMPTY_RESULT]
    return Result(part.call_id, texts, part.is_error, part.at)

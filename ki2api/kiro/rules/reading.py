"""How the parts of a conversation become turns of a draft: H16 lives here.

Each part belongs to a role by what it is: calls are the assistant's, results, images and
documents are the user's, words are whose turn it is. A turn that mixes them is split where the role
changes.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ki2api.conversation import (
    Conversation,
    DocumentPart,
    ImageLinkPart,
    ImagePart,
    Part,
    ResultContent,
    Role,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.errors import InvalidRequest
from ki2api.kiro.rules.documents import checked_document
from ki2api.kiro.rules.draft import Call, Draft, Result, Said
from ki2api.kiro.rules.images import checked_image
from ki2api.kiro.rules.reasoning import read_thoughts
from ki2api.kiro.rules.text import CLEANED, h15_input, h19_clean

EMPTY_RESULT = "(empty result)"
NOT_FETCHED = (
    "Pictures are not fetched from their addresses: send the picture itself, in base64, or add the"
    " stage fetch-images to the pipeline (docs/content.md)."
)
IMAGE_RESULT = "(the result is an image, attached to this message)"
DOCUMENT_RESULT = "(the result is a document, attached to this message)"


def read_system(draft: Draft, conversation: Conversation) -> None:
    """Put the system text in the draft."""
    for part in conversation.system:
        _say(draft, draft.system, part)


def read_turns(draft: Draft, conversation: Conversation) -> None:
    """Put the turns in the draft; every tool they speak of has its name by now."""
    for turn in conversation.turns:
        draft.turns += _split_by_role(draft, turn)


_ROLES: Mapping[type[Part], Role] = {
    ToolCallPart: "assistant",
    ToolResultPart: "user",
    ImagePart: "user",
    ImageLinkPart: "user",
    DocumentPart: "user",
}
"""What is not here belongs to whose turn it is."""


def _split_by_role(draft: Draft, turn: Turn) -> list[Said]:
    turns: list[Said] = []
    for part in turn.parts:
        role = _ROLES.get(type(part), turn.role)
        if not turns or turns[-1].role != role:
            turns.append(Said(role, turn.at))
        _PUT[type(part)](draft, turns[-1], part)
    return turns or [Said(turn.role, turn.at)]


def _put_call(draft: Draft, said: Said, part: ToolCallPart) -> None:
    arguments, fault = h15_input(part.input)
    if fault:
        draft.repair("H15", part.at, fault)
    name = draft.names.kiro(part.name) or part.name
    said.calls.append(Call(part.id, name, arguments, part.at))


def _put_result(draft: Draft, said: Said, part: ToolResultPart) -> None:
    said.results.append(_result(draft, said, part))


def _put_words(draft: Draft, said: Said, part: TextPart) -> None:
    _say(draft, said.texts, part)


def _put_image(draft: Draft, said: Said, part: ImagePart) -> None:
    said.images.append(checked_image(draft, part))


def _put_document(draft: Draft, said: Said, part: DocumentPart) -> None:
    document, hint = checked_document(draft, part)
    said.documents.append(document)
    _say(draft, said.texts, TextPart(hint, part.at))


def _refuse_link(_draft: Draft, _said: Said, part: ImageLinkPart) -> None:
    raise InvalidRequest(NOT_FETCHED, path=part.at, rule="§3.7")


_PUT: Mapping[type[Part], Callable[[Draft, Said, Any], None]] = {
    TextPart: _put_words,
    ImagePart: _put_image,
    ImageLinkPart: _refuse_link,
    DocumentPart: _put_document,
    ThinkingPart: read_thoughts,
    ToolCallPart: _put_call,
    ToolResultPart: _put_result,
}


def _say(draft: Draft, texts: list[str], part: TextPart) -> None:
    text = h19_clean(part.text)
    if text != part.text:
        draft.repair("H19", part.at, CLEANED)
    if text and not text.isspace():
        texts.append(text)


def _result(draft: Draft, said: Said, part: ToolResultPart) -> Result:
    texts: list[str] = []
    attached: list[ResultContent] = []
    for content in part.content:
        if isinstance(content, TextPart):
            _say(draft, texts, content)
        else:
            attached.append(content)
    for content in attached:
        _PUT[type(content)](draft, said, content)
        is_document = isinstance(content, DocumentPart)
        kind, rule = ("a document", "§3.7") if is_document else ("an image", "H17")
        draft.repair(rule, content.at, f"{kind} of a tool result was attached to its turn")
    if not texts:
        draft.repair("H16", part.at, "the tool result has no words")
        texts = [_filler(attached)]
    return Result(part.call_id, texts, part.is_error, part.at)


def _filler(attached: list[ResultContent]) -> str:
    if not attached:
        return EMPTY_RESULT
    return DOCUMENT_RESULT if isinstance(attached[0], DocumentPart) else IMAGE_RESULT

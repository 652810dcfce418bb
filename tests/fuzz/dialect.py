"""A request in a dialect: it is refused as the caller's fault, or Kiro finds nothing to refuse."""

import msgspec

from ki2api.conversation import Conversation, DocumentPart, ToolResultPart
from ki2api.errors import CallerError, GatewayError, InvalidRequest
from ki2api.estimate.request import conversation_tokens
from ki2api.kiro.compose import Limits, compose, ids_of
from ki2api.kiro.learnt import Learnt
from ki2api.models import Catalogue
from ki2api.protocols import ClientProtocol, RawRequest
from ki2api.simulator.rules import Violation, violations

TARGET = Catalogue().find("claude-sonnet-4.5")
LONGEST_ERROR = 2_000
"""Bytes: an error may quote the caller, but not all that was sent."""


def read(dialect: ClientProtocol, body: bytes) -> None:
    """Read a body as strictly and as leniently as can be, and say it in Kiro's words."""
    for drop in (False, True):
        request = RawRequest("f10e", "/v1", {}, body, 1_764_000_000.0)
        try:
            conversation, delivery = dialect.decode(request, drop_unknown=drop)
        except InvalidRequest as error:
            told(dialect, error)
            continue
        dialect.encoder(conversation, delivery)
        assert conversation_tokens(conversation) >= 0
        say(dialect, conversation)


def say(dialect: ClientProtocol, conversation: Conversation) -> None:
    """Compose what Kiro would get."""
    try:
        broken = refused(conversation, Learnt())
    except CallerError as error:
        told(dialect, error)
        return
    if any(each.rule.startswith("thinking-") for each in broken):
        # Nobody but Kiro can tell foreign thoughts: it is asked once more without any.
        broken = refused(conversation, Learnt(replays=lambda _: False))
    if documents_in(conversation) <= Limits().max_documents:  # more in one turn are refused
        assert not broken, broken


def refused(conversation: Conversation, learnt: Learnt) -> list[Violation]:
    """Return what Kiro would refuse of a conversation."""
    composed = compose(conversation, TARGET, ids_of(conversation), learnt=learnt)
    return violations(msgspec.json.decode(composed.body))


def documents_in(conversation: Conversation) -> int:
    """Count the documents, also those in the results of tools."""
    parts = [part for turn in conversation.turns for part in turn.parts]
    inner = [each for part in parts if isinstance(part, ToolResultPart) for each in part.content]
    return sum(isinstance(part, DocumentPart) for part in (*parts, *inner))


def told(dialect: ClientProtocol, error: GatewayError) -> None:
    """Write an error in the caller's dialect: it is short, and one line of a caller's fault."""
    body = dialect.encode_error(error, "f10e")
    assert 400 <= body.status < 500, body
    assert len(body.content) < LONGEST_ERROR, body
    assert msgspec.json.decode(body.content)["error"]["message"], body

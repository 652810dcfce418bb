"""The ids of a conversation, made from what it says, so that Kiro sees the same one come back.

Kiro keeps its cache by conversation and continuation (docs/kiro.md §3.9), and refuses the ids of a
request that it failed before (§3.2, seen 2026-09, 2UE): a new attempt takes another `salt`.
"""

from hashlib import sha256

import msgspec

from ki2api.conversation import Conversation, TextPart, Turn
from ki2api.kiro.uuids import uuid_of


class Ids(msgspec.Struct, frozen=True):
    """What a conversation, and the user's utterance that is being answered, are called at Kiro."""

    conversation: str
    continuation: str


def ids_of(conversation: Conversation, salt: str = "") -> Ids:
    """Make the ids of a conversation; the same conversation and salt give the same ids."""
    name = conversation.metadata.session or _beginning(conversation)
    whole = _uuid("conversation", name, salt)
    utterances = sum([turn.role == "user" and _has_words(turn) for turn in conversation.turns])
    return Ids(whole, _uuid("continuation", whole, str(utterances)))


def _beginning(conversation: Conversation) -> str:
    system = [part.text for part in conversation.system]
    first = next((turn for turn in conversation.turns if turn.role == "user"), None)
    return "\0".join([*system, _words(first) if first else ""])


def _words(turn: Turn) -> str:
    return "\n".join(part.text for part in turn.parts if isinstance(part, TextPart)).strip()


def _has_words(turn: Turn) -> bool:
    for part in turn.parts:
        if isinstance(part, TextPart) and part.text and not part.text.isspace():
            return True
    return False


def _uuid(*words: str) -> str:
    digest = sha256("\0".join(words).encode("utf-8", "surrogatepass")).digest()
    return uuid_of(int.from_bytes(digest[:16]))

"""Compaction: the model sums up the conversation, and its words become one item.

What the official API seals here is a state of its own models; ours is a summary, and the item that
holds it is read again as one (docs/design.md).
"""

from typing import Any

import msgspec

from ki2api.conversation import Conversation, ReplyFormat, TextPart, ToolChoice, Turn
from ki2api.errors import EmptyReply
from ki2api.events import PartStarted, Reply, ReplyEnded, ReplyStarted, UsageReported
from ki2api.protocols.openai_responses import output
from ki2api.protocols.openai_responses.encode import OpenAIResponsesEncoder
from ki2api.protocols.openai_responses.output import JSONObject
from ki2api.protocols.openai_responses.sealed import Sealed, seal
from ki2api.protocols.writing import Border, encode

TRIGGER = "compaction_trigger"
PROMPT = """\
This conversation is about to be replaced by a summary that you write now. Write it for a reader \
who goes on with the work and sees nothing of the messages above: what the user wants, in the \
user's own words where they matter; what was decided, and why; what was done and found, with the \
exact names of files, commands and values; what failed; and what is to be done next. Answer with \
the summary alone, and call no tool."""


def to_be_summed_up(conversation: Conversation, at: str) -> Conversation:
    """Ask for a summary of a conversation in place of its next reply."""
    last = Turn("user", (TextPart(PROMPT, at),), at)
    return msgspec.structs.replace(
        conversation,
        turns=(*conversation.turns, last),
        tools=(),
        tool_choice=ToolChoice("none"),
        reply_format=ReplyFormat(),
        web_search=None,
    )


class CompactionEncoder(OpenAIResponsesEncoder):
    """A summary on its way to the client, as one item that comes at its end."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._translate = self._take
        self._speaks = False
        self._summary: list[str] = []
        self._item_id = f"cmp_{self._delivery.id}"

    def _border(self, event: Border) -> bytes:
        match event:
            case ReplyStarted():
                item = self._item("")
                return super()._border(event) + self._event(
                    "response.output_item.added", output_index=0, item=item
                )
            case PartStarted(kind=kind):
                self._speaks = kind == "text"
                return self._compacting() if self._speaks else b""
            case UsageReported() | ReplyEnded():
                return super()._border(event)
            case _:
                return b""

    def _compacting(self) -> bytes:
        return self._event("response.compaction.compacting", item_id=self._item_id, output_index=0)

    def _ended(self, event: ReplyEnded) -> bytes:
        item = self._summed_up("".join(self._summary))
        done = self._event("response.output_item.done", output_index=0, item=item)
        self._output = {0: item}
        return done + super()._ended(event)

    def _items(self, reply: Reply) -> list[JSONObject]:
        words = [part.text for part in reply.parts if isinstance(part, TextPart)]
        return [self._summed_up("\n\n".join(words))]

    def _take(self, text: str) -> str:
        if self._speaks:
            self._summary.append(text)
        return ""

    def _summed_up(self, summary: str) -> JSONObject:
        if not summary.strip():
            raise EmptyReply("The model gave no summary of the conversation.")
        return self._item(summary)

    def _item(self, summary: str) -> JSONObject:
        sealed = seal(Sealed(summary=summary)) or ""
        return {"id": self._item_id, "type": "compaction", "encrypted_content": sealed}


class CompactedEncoder(CompactionEncoder):
    """The same for POST /v1/responses/compact, which is never streamed."""

    def whole(self, reply: Reply) -> bytes:
        """Write the compaction object: what the user said, and the item."""
        said = [msgspec.Raw(message) for message in self._asked.items.values()]
        return encode(
            {
                "id": f"resp_{self._delivery.id}",
                "object": "response.compaction",
                "created_at": self._delivery.created,
                "output": [*said, *self._items(reply)],
                "usage": output.usage_of(reply.usage),
            }
        )

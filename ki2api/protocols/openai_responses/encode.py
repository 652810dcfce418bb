"""Replies in the form of the Responses API, as server-sent events or whole."""

from collections.abc import Callable
from typing import Any

import msgspec

from ki2api.conversation import Conversation
from ki2api.errors import GatewayError
from ki2api.events import (
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyStarted,
    SearchResultPart,
    Usage,
    UsageReported,
)
from ki2api.protocols import Delivery
from ki2api.protocols.openai_errors import error_object
from ki2api.protocols.openai_responses import output
from ki2api.protocols.openai_responses.asked import NOTHING, Asked
from ki2api.protocols.openai_responses.errors import told_in_response
from ki2api.protocols.openai_responses.opened import (
    Event,
    OpenItem,
    OpenMessage,
    OpenSearch,
    opened,
)
from ki2api.protocols.openai_responses.output import JSONObject
from ki2api.protocols.sse import frame
from ki2api.protocols.writing import Border, NumberedWriter, encode


class OpenAIResponsesEncoder(NumberedWriter):
    """One reply on its way to a client of the Responses API; `keep` is handed it at its end."""

    def __init__(
        self,
        conversation: Conversation,  # noqa: ARG002 - given to every dialect, this one repeats the request itself
        delivery: Delivery,
        keep: Callable[[Asked, JSONObject, list[JSONObject]], None],
    ) -> None:
        super().__init__()
        self._delivery = delivery
        self._asked = delivery.kept if isinstance(delivery.kept, Asked) else NOTHING
        self._keep = keep
        self._usage = Usage(0, 0, "estimate")
        self._output: dict[int, JSONObject] = {}
        """The items that are complete, by their places."""
        self._opened = 0
        self._open: OpenItem = OpenMessage("")
        self._goes_on = False
        """Whether the item that is open is a message, to which more texts may come."""
        self._searches: dict[str, OpenSearch] = {}
        """Those without a result yet, by the ids of their calls."""
        self._shown = True

    def fail(self, error: GatewayError) -> bytes:
        """Write the failed response, and the error that the official SDK raises."""
        begun = b"" if self._number else self._began()
        failed = self._response("failed", error=told_in_response(error))
        said = error_object(error)
        failure = {"code": said["code"], "message": said["message"], "param": said["param"]}
        return (
            begun
            + self._event("response.failed", response=failed)
            + self._event("error", **failure, error=said)
        )

    def whole(self, reply: Reply) -> bytes:
        """Write the response object."""
        self._output = dict(enumerate(self._items(reply)))
        self._usage = reply.usage
        response = self._ended_by(output.INCOMPLETE.get(reply.reason))
        return encode(response)

    def _items(self, reply: Reply) -> list[JSONObject]:
        return output.items_of(reply.parts, self._asked, self._delivery.id)

    def _border(self, event: Border) -> bytes:
        match event:
            case ReplyStarted(estimated_input=estimated):
                self._usage = Usage(estimated, 0, "estimate")
                return self._began()
            case PartStarted():
                return self._part_started(event)
            case PartEnded():
                return self._part_ended(event)
            case UsageReported(usage=usage):
                self._usage = usage
                return b""
            case _:
                return self._close_all() + self._ended(event)

    def _began(self) -> bytes:
        begun = msgspec.Raw(encode(self._response("in_progress")))
        created = self._event("response.created", response=begun)
        return created + self._event("response.in_progress", response=begun)

    def _part_started(self, event: PartStarted) -> bytes:
        self._shown = event.kind != "search-result"
        if self._goes_on and event.kind == "text":
            return b""
        written = self._close_message()
        if not self._shown:
            return written + self._found(event.result or SearchResultPart(event.call_id))
        item = self._open = opened(event, self._asked, self._delivery.id)
        item.index, self._opened = self._opened, self._opened + 1
        self._translate = item.translate
        self._goes_on = event.kind == "text"
        if isinstance(item, OpenSearch):
            self._searches[event.call_id] = item
        written += self._event(
            "response.output_item.added", output_index=item.index, item=item.item
        )
        kind, fields = item.delta
        self._expect(_framed(kind, {**item.place, **fields}, 0))
        return written + self._item_events(item, item.opening())

    def _part_ended(self, event: PartEnded) -> bytes:
        if not self._shown:
            return b""
        item = self._open
        written = b""
        if rest := item.rest("".join(self._said), event):
            self._said.append(rest)
            kind, fields = item.delta
            written = self._item_events(item, [(kind, {**fields, "delta": rest})])
        written += self._item_events(item, item.after_part())
        if self._goes_on or isinstance(item, OpenSearch):
            return written
        return written + self._complete(item, event.signature)

    def _close_message(self) -> bytes:
        """Complete the message that is open, if one is."""
        is_open, self._goes_on = self._goes_on, False
        return self._complete(self._open) if is_open else b""

    def _found(self, result: SearchResultPart) -> bytes:
        """Complete the search that a result belongs to."""
        search = self._searches.pop(result.call_id, None)
        if search is None:
            return b""
        search.result = result
        return self._complete(search)

    def _close_all(self) -> bytes:
        """Complete what is open at the end; a search that still is never ran."""
        written = self._close_message() + b"".join(map(self._complete, self._searches.values()))
        self._searches.clear()
        return written

    def _complete(self, item: OpenItem, signature: str = "") -> bytes:
        text = "".join(self._said)
        written = self._item_events(item, item.closing(text))
        done = self._output[item.index] = item.done(text, signature)
        return written + self._event(
            "response.output_item.done",
            output_index=item.index,
            item=output.told(done, self._asked),
        )

    def _ended(self, event: ReplyEnded) -> bytes:
        why = output.INCOMPLETE.get(event.reason)
        kind = "response.incomplete" if why else "response.completed"
        return self._event(kind, response=self._ended_by(why))

    def _ended_by(self, why: str | None) -> JSONObject:
        """Make the response of a reply that came to its end, and let it be kept."""
        usage = output.usage_of(self._usage)
        if why is None:
            response = self._response("completed", usage=usage)
        else:
            response = self._response("incomplete", usage=usage, incomplete_details={"reason": why})
        self._keep(self._asked, response, self._items_done())
        return response

    def _items_done(self) -> list[JSONObject]:
        return [item for _, item in sorted(self._output.items())]

    def _response(self, status: output.Status, **rest: Any) -> JSONObject:
        return output.response(self._asked, self._delivery, status, self._items_done(), **rest)

    def _before_deltas(self) -> bytes:
        return self._item_events(self._open, self._open.before_deltas())

    def _item_events(self, item: OpenItem, said: list[Event]) -> bytes:
        return b"".join(self._event(kind, **item.place, **fields) for kind, fields in said)

    def _event(self, kind: str, **fields: Any) -> bytes:
        number = self._number
        self._number += 1
        return _framed(kind, fields, number)


def _framed(kind: str, fields: JSONObject, number: int) -> bytes:
    """Write one event; its number comes last, where it is cheap to change."""
    return frame(encode({"type": kind, **fields, "sequence_number": number}), kind.encode())

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
        self._output: list[JSONObject] = []
        self._open: OpenItem = OpenMessage("")
        self._search: OpenSearch | None = None
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
        self._output = self._items(reply)
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
            case PartStarted(result=result):
                return self._settle(result) + self._part_started(event)
            case PartEnded():
                return self._part_ended(event)
            case UsageReported(usage=usage):
                self._usage = usage
                return b""
            case _:
                return self._settle(None) + self._ended(event)

    def _settle(self, result: SearchResultPart | None) -> bytes:
        """Complete a search as soon as something follows on it."""
        search, self._search = self._search, None
        if search is None:
            return b""
        self._open, search.result = search, result
        failed = result is not None and result.fault
        told = [] if failed else [("response.web_search_call.completed", JSONObject())]
        return self._item_events(told) + self._item_done(search.done("", ""))

    def _began(self) -> bytes:
        begun = msgspec.Raw(encode(self._response("in_progress")))
        created = self._event("response.created", response=begun)
        return created + self._event("response.in_progress", response=begun)

    def _part_started(self, event: PartStarted) -> bytes:
        self._shown = event.kind != "search-result"
        if not self._shown:
            return b""
        self._open = opened(event, self._asked, self._delivery.id)
        self._translate = self._open.translate
        written = self._event(
            "response.output_item.added", output_index=len(self._output), item=self._open.item
        )
        written += self._item_events(self._open.opening())
        kind, fields = self._open.delta
        self._expect(_framed(kind, {**self._place(), **fields}, 0))
        return written

    def _part_ended(self, event: PartEnded) -> bytes:
        if not self._shown:
            return b""
        written = b""
        if rest := self._open.rest("".join(self._said), event):
            self._said.append(rest)
            kind, fields = self._open.delta
            written = self._item_events([(kind, {**fields, "delta": rest})])
        text = "".join(self._said)
        written += self._item_events(self._open.closing(text))
        if isinstance(self._open, OpenSearch):
            self._search = self._open
            return written
        return written + self._item_done(self._open.done(text, event.signature))

    def _item_done(self, item: JSONObject) -> bytes:
        told = output.told(item, self._asked)
        index = len(self._output)
        self._output.append(item)
        return self._event("response.output_item.done", output_index=index, item=told)

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
        self._keep(self._asked, response, self._output)
        return response

    def _response(self, status: output.Status, **rest: Any) -> JSONObject:
        return output.response(self._asked, self._delivery, status, self._output, **rest)

    def _before_deltas(self) -> bytes:
        return self._item_events(self._open.before_deltas())

    def _place(self) -> JSONObject:
        return {"item_id": self._open.item["id"], "output_index": len(self._output)}

    def _item_events(self, said: list[Event]) -> bytes:
        place = self._place()
        return b"".join(self._event(kind, **place, **fields) for kind, fields in said)

    def _event(self, kind: str, **fields: Any) -> bytes:
        number = self._number
        self._number += 1
        return _framed(kind, fields, number)


def _framed(kind: str, fields: JSONObject, number: int) -> bytes:
    """Write one event; its number comes last, where it is cheap to change."""
    return frame(encode({"type": kind, **fields, "sequence_number": number}), kind.encode())

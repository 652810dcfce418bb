"""Items while they are streamed: what opens them, what their deltas are, what closes them."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

from ki2api.conversation import ThinkingPart
from ki2api.events import PartEnded, PartStarted, SearchResultPart
from ki2api.protocols.openai_responses import output
from ki2api.protocols.openai_responses.asked import Asked
from ki2api.protocols.openai_responses.freeform import Unwrapper, is_json
from ki2api.protocols.openai_responses.output import JSONObject
from ki2api.protocols.openai_responses.searching import begun_search, cited, search_item

Event: TypeAlias = tuple[str, dict[str, Any]]
"""An event's type and its fields, less the number, the item's id and its index."""


class OpenItem(ABC):
    """An item of which more comes."""

    item: JSONObject
    """As it is when it opens."""
    index: int
    """Its place in the output."""
    delta: Event
    """A delta without its text."""
    translate: Callable[[str], str] | None = None
    """Says what the client is told of a delta, if that is not its text."""

    @property
    def place(self) -> JSONObject:
        """What each of its events says of where it belongs."""
        return {"item_id": self.item["id"], "output_index": self.index}

    def opening(self) -> list[Event]:
        """Say what follows on the item at once."""
        return []

    def before_deltas(self) -> list[Event]:
        """Say what stands before the first delta, and only if one comes."""
        return []

    def rest(self, text: str, ended: PartEnded) -> str:  # noqa: ARG002 - for those that owe something
        """Return what is still owed at the end of a part."""
        return ""

    def after_part(self) -> list[Event]:
        """Say what follows on a part, whether or not more comes."""
        return []

    @abstractmethod
    def closing(self, text: str) -> list[Event]:
        """Say the whole text once more."""

    @abstractmethod
    def done(self, text: str, signature: str) -> JSONObject:
        """Make the complete item."""


class OpenMessage(OpenItem):
    """Words, of one part or of several that follow each other."""

    def __init__(self, item_id: str) -> None:
        self._id = item_id
        self._annotations: list[JSONObject] = []
        self._told = 0
        self.item = output.message(item_id, [], "in_progress")
        self.delta = (
            "response.output_text.delta",
            {"content_index": 0, "delta": "", "logprobs": []},
        )

    def opening(self) -> list[Event]:
        return [("response.content_part.added", {"content_index": 0, "part": output.words("")})]

    def rest(self, text: str, ended: PartEnded) -> str:
        """Return the links to the pages that the words of a part rest on."""
        linked, annotations = cited(text, ended.citations)
        self._annotations += annotations
        return linked

    def after_part(self) -> list[Event]:
        """Say of each new link where in the whole text it stands."""
        first, self._told = self._told, len(self._annotations)
        notes = enumerate(self._annotations[first:], first)
        return [("response.output_text.annotation.added", _note(*note)) for note in notes]

    def closing(self, text: str) -> list[Event]:
        said = {"content_index": 0, "text": text, "logprobs": []}
        part = {"content_index": 0, "part": output.words(text, self._annotations)}
        return [("response.output_text.done", said), ("response.content_part.done", part)]

    def done(self, text: str, signature: str) -> JSONObject:  # noqa: ARG002 - words have none
        return output.message(self._id, [output.words(text, self._annotations)])


class OpenSearch(OpenItem):
    """A search of the web; its item is complete when its result is known."""

    def __init__(self, item_id: str) -> None:
        self._id = item_id
        self._asked: list[str] = []
        self.result: SearchResultPart | None = None
        self.item = begun_search(item_id)
        self.delta = ("", {"delta": ""})
        self.translate = self._take

    def opening(self) -> list[Event]:
        return [("response.web_search_call.in_progress", {})]

    def after_part(self) -> list[Event]:
        return [("response.web_search_call.searching", {})]

    def closing(self, text: str) -> list[Event]:  # noqa: ARG002 - none is told
        found = self.result is not None and not self.result.fault
        return [("response.web_search_call.completed", {})] if found else []

    def done(self, text: str, signature: str) -> JSONObject:  # noqa: ARG002 - none is told
        return search_item(self._id, "".join(self._asked), self.result)

    def _take(self, text: str) -> str:
        self._asked.append(text)
        return ""


class OpenReasoning(OpenItem):
    """Thoughts; those without words are told by no event of their own."""

    def __init__(self, item_id: str, redacted: str) -> None:
        self._id = item_id
        self._redacted = redacted
        self.item = {"id": item_id, "type": "reasoning", "summary": []}
        self.delta = ("response.reasoning_summary_text.delta", {"summary_index": 0, "delta": ""})

    def before_deltas(self) -> list[Event]:
        part = {"summary_index": 0, "part": output.thought("")}
        return [("response.reasoning_summary_part.added", part)]

    def closing(self, text: str) -> list[Event]:
        if not text:
            return []
        said = {"summary_index": 0, "text": text}
        part = {"summary_index": 0, "part": output.thought(text)}
        return [
            ("response.reasoning_summary_text.done", said),
            ("response.reasoning_summary_part.done", part),
        ]

    def done(self, text: str, signature: str) -> JSONObject:
        part = ThinkingPart(text, signature, self._redacted)
        return output.reasoning(self._id, part)


class OpenCall(OpenItem):
    """A call of a function, or of a tool that takes free text."""

    def __init__(self, item_id: str, started: PartStarted, asked: Asked) -> None:
        self._id = item_id
        self._call_id = started.call_id
        self._called = asked.names.called(started.name)
        self._unwrapper = Unwrapper() if self._called.custom else None
        if self._unwrapper:
            self.translate = self._unwrapper.feed
        self.item = output.call(item_id, self._called, self._call_id, "", "in_progress")
        custom = self._called.custom
        self._event = "response." + (
            "custom_tool_call_input" if custom else "function_call_arguments"
        )
        self._field = "input" if custom else "arguments"
        self.delta = (f"{self._event}.delta", {"delta": ""})

    def rest(self, text: str, ended: PartEnded) -> str:  # noqa: ARG002 - a call cites nothing
        """Return the empty object for a call without arguments, since clients parse them."""
        if self._unwrapper:
            return self._unwrapper.end()
        return "" if text else "{}"

    def closing(self, text: str) -> list[Event]:
        said = {self._field: text}
        if not self._unwrapper:
            said["name"] = self._called.name
        return [(f"{self._event}.done", said)]

    def done(self, text: str, signature: str) -> JSONObject:  # noqa: ARG002 - a call has none
        whole = self._unwrapper.whole if self._unwrapper else is_json(text)
        return output.call(self._id, self._called, self._call_id, text, output.ending(whole=whole))


def opened(started: PartStarted, asked: Asked, reply_id: str) -> OpenItem:
    """Open the item of a part."""
    place = f"{reply_id}_{started.index}"
    match started.kind:
        case "text":
            return OpenMessage(f"msg_{place}")
        case "search-call":
            return OpenSearch(f"ws_{place}")
        case "thinking":
            return OpenReasoning(f"rs_{place}", started.redacted)
        case _:
            prefix = output.prefix(asked.names.called(started.name))
            return OpenCall(f"{prefix}_{place}", started, asked)


def _note(index: int, annotation: JSONObject) -> JSONObject:
    return {"content_index": 0, "annotation_index": index, "annotation": annotation}

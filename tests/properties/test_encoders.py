"""Whatever a model answers, each dialect's stream folds back to the same reply.

Small parsers of our own check each dialect's grammar; the official SDKs have the last word.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

import anthropic
import httpx2
import msgspec
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from openai.lib.streaming.responses._responses import ResponseStreamState

from ki2api.conversation import Conversation, TextPart, ThinkingPart, ToolCallPart, WebPage
from ki2api.errors import UpstreamDisconnected
from ki2api.events import (
    EndReason,
    PartDelta,
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyEvent,
    ReplyPart,
    ReplyStarted,
    SearchCallPart,
    SearchResultPart,
    Usage,
    UsageReported,
    fold,
)
from ki2api.protocols import ClientProtocol, Delivery, Encoder
from ki2api.protocols.anthropic import ANTHROPIC, wire
from ki2api.protocols.anthropic.encode import STOP_REASONS
from ki2api.protocols.anthropic.searching import call_id as kiros_id
from ki2api.protocols.anthropic.searching import result_of
from ki2api.protocols.citing import links
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.protocols.openai_chat.encode import FINISH_REASONS
from ki2api.protocols.openai_responses import OPENAI_RESPONSES
from ki2api.protocols.openai_responses.asked import NOTHING
from ki2api.protocols.openai_responses.freeform import unwrap
from ki2api.protocols.openai_responses.names import Called, FlatNames
from ki2api.protocols.openai_responses.output import INCOMPLETE
from ki2api.protocols.openai_responses.sealed import Sealed, unseal
from ki2api.protocols.usage import facts

DIALECTS = [ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES]
ENDS = {"message_stop", "response.completed", "response.incomplete"}
REASONS: dict[str, EndReason] = {said: reason for reason, said in STOP_REASONS.items()}
NAMES = FlatNames()
NAMES.declare(Called("free", "space", custom=True))
WITH_A_CUSTOM_TOOL = msgspec.structs.replace(NOTHING, names=NAMES, sealed=True)

words = st.text(min_size=1, max_size=12)
names = st.just("space__free") | st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,15}", fullmatch=True)
counts = st.integers(0, 2**40)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
KINDS = [
    "text",
    "thinking",
    "redacted",
    "tool-call",
    "bare-call",
    "search-call",
    "search-result",
]
hosts = st.sampled_from(["a.test", "b.test"])
pages = st.builds(
    WebPage,
    number=st.integers(1, 99),
    url=hosts.map("https://{}/".format),
    title=words,
    snippet=st.text(max_size=9),
    published=st.none() | st.just(1_746_057_600.0),
)
results = st.builds(
    SearchResultPart,
    call_id=st.just("tooluse_1"),
    pages=st.lists(pages, max_size=2).map(tuple),
) | st.builds(SearchResultPart, call_id=st.just("tooluse_1"), fault=st.just("unavailable"))
usages = st.builds(
    Usage,
    input=counts,
    output=counts,
    source=st.just("estimate"),
    cache_read=st.none() | counts,
    cache_write=st.none() | counts,
    searches=st.integers(0, 9),
    thinking=st.none() | st.integers(1, 2**40),
)


@st.composite
def pieces_of(draw: st.DrawFn, text: str) -> list[str]:
    """Cut a text anywhere; no piece is empty."""
    cuts = sorted(draw(st.sets(st.integers(1, len(text) - 1), max_size=4)))
    edges = [0, *cuts, len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


@st.composite
def parts(draw: st.DrawFn, index: int) -> list[ReplyEvent]:
    """Make one part; opaque thinking brings no words, and a call may bring no arguments."""
    kind = draw(st.sampled_from(KINDS))
    match kind:
        case "search-result":
            # Of the part before it, if that is a search: none has its result before it.
            result = msgspec.structs.replace(draw(results), call_id=f"tooluse_{max(index - 1, 0)}")
            return [PartStarted(index, kind, result.call_id, result=result), PartEnded(index)]
        case "search-call":
            opening = PartStarted(index, "search-call", f"tooluse_{index}", "web_search")
            return [opening, PartDelta(index, '{"query":"a"}'), PartEnded(index)]
        case "text":
            opening, said = PartStarted(index, "text"), draw(st.lists(words, max_size=4))
        case "thinking":
            opening, said = PartStarted(index, "thinking"), draw(st.lists(words, max_size=4))
        case "redacted":
            opening, said = PartStarted(index, "thinking", redacted=draw(words)), []
        case _:
            opening, said = PartStarted(index, "tool-call", f"call_{index}", draw(names)), []
    if kind == "tool-call":
        arguments = draw(
            st.dictionaries(st.text(max_size=5) | st.just("input"), values, max_size=3)
        )
        said = draw(pieces_of(msgspec.json.encode(arguments).decode()))
    signature = draw(words) if kind == "thinking" and draw(st.booleans()) else ""
    cited = tuple(draw(st.lists(pages, max_size=2))) if kind == "text" else ()
    deltas = [PartDelta(index, piece) for piece in said]
    return [opening, *deltas, PartEnded(index, signature, cited)]


@st.composite
def replies(draw: st.DrawFn) -> list[ReplyEvent]:
    """Make the events of a whole reply."""
    events: list[ReplyEvent] = [ReplyStarted(draw(counts))]
    for index in range(draw(st.integers(0, 4))):
        events += draw(parts(index))
        events += [UsageReported(usage) for usage in draw(st.lists(usages, max_size=1))]
    reason = draw(st.sampled_from(list(STOP_REASONS)))
    return [*events, ReplyEnded(reason, draw(words) if reason == "stop-sequence" else None)]


@st.composite
def batched(draw: st.DrawFn) -> list[list[ReplyEvent]]:
    """Cut the events of a reply into batches, as reads of a network would."""
    events = draw(replies())
    cuts = sorted(draw(st.sets(st.integers(0, len(events)), max_size=6)))
    edges = [0, *cuts, len(events)]
    return [events[start:end] for start, end in pairwise(edges)]


def encoder_of(dialect: ClientProtocol, *, include_usage: bool = True) -> Encoder:
    delivery = Delivery(
        "f10e",
        "claude-x",
        1_790_000_000,
        stream=True,
        include_usage=include_usage,
        kept=WITH_A_CUSTOM_TOOL,
    )
    return dialect.encoder(Conversation("claude-x", ()), delivery)


def write(dialect: ClientProtocol, batches: Sequence[Sequence[ReplyEvent]]) -> bytes:
    encoder = encoder_of(dialect)
    return b"".join(encoder.feed(batch) for batch in batches)


def flat(batches: list[list[ReplyEvent]]) -> list[ReplyEvent]:
    return [event for batch in batches for event in batch]


def frames(stream: bytes) -> Iterator[tuple[str, str]]:
    """Read server-sent events as name and data; anything else is a failure."""
    assert stream.endswith(b"\n\n")
    for frame in stream.decode().removesuffix("\n\n").split("\n\n"):
        *named, data = frame.split("\n")
        assert data.startswith("data: ")
        assert len(named) <= 1
        yield "".join(named).removeprefix("event: "), data.removeprefix("data: ")


class AnthropicReader:
    """Folds a stream of the Messages API, and knows which event may stand where."""

    def __init__(self) -> None:
        self.blocks: list[dict[str, Any]] = []
        self.open = False
        self.usage: dict[str, Any] = {}

    def read(self, stream: bytes) -> Reply:
        events = [(name, msgspec.json.decode(data)) for name, data in frames(stream)]
        assert [name for name, _ in events] == [event["type"] for _, event in events]
        (first, start), *middle, (before_last, delta), (last, _) = events
        assert (first, before_last, last) == ("message_start", "message_delta", "message_stop")
        self.usage |= start["message"]["usage"]
        for name, event in middle:
            getattr(self, name)(event)
        assert not self.open
        self.usage |= delta["usage"]
        return self.reply(delta["delta"])

    def content_block_start(self, event: dict[str, Any]) -> None:
        assert not self.open
        assert event["index"] == len(self.blocks)
        self.blocks.append({**event["content_block"], "json": ""})
        self.open = True

    def content_block_delta(self, event: dict[str, Any]) -> None:
        assert self.open
        assert event["index"] == len(self.blocks) - 1
        block, delta = self.blocks[-1], event["delta"]
        if delta["type"] == "citations_delta":
            assert block["type"] == "text"
            block.setdefault("citations", []).append(delta["citation"])
            return
        kind, field, into = {
            "text_delta": ("text", "text", "text"),
            "thinking_delta": ("thinking", "thinking", "thinking"),
            "signature_delta": ("thinking", "signature", "signature"),
            "input_json_delta": ("tool_use", "partial_json", "json"),
        }[delta["type"]]
        assert block["type"].removeprefix("server_") == kind
        block[into] += delta[field]

    def content_block_stop(self, event: dict[str, Any]) -> None:
        assert self.open
        assert event["index"] == len(self.blocks) - 1
        self.open = False

    def reply(self, ends: dict[str, Any]) -> Reply:
        return Reply(
            tuple(anthropic_part(block) for block in self.blocks),
            REASONS[ends["stop_reason"]],
            anthropic_usage(self.usage),
            ends["stop_sequence"],
        )


def anthropic_part(block: dict[str, Any]) -> ReplyPart:
    match block:
        case {"type": "text", "text": text}:
            return TextPart(text, citations=tuple(map(cited_page, block.get("citations", ()))))
        case {"type": "web_search_tool_result"}:
            known = msgspec.convert(block, wire.WebSearchResultBlock)
            return result_of(known)
        case {"type": "server_tool_use", "id": server_id, "name": name, "input": given}:
            written = block.get("json") or msgspec.json.encode(given).decode()
            return SearchCallPart(kiros_id(server_id), name, written)
        case {"type": "thinking", "thinking": text, "signature": signature}:
            return ThinkingPart(text, signature)
        case {"type": "redacted_thinking", "data": data}:
            return ThinkingPart(redacted=data)
        case {"type": "tool_use", "id": call_id, "name": name, "input": given}:
            written = block.get("json") or msgspec.json.encode(given).decode()
            return ToolCallPart(call_id, name, written)
    raise AssertionError(block)


def cited_page(said: dict[str, Any]) -> WebPage:
    """Read of a page what a citation says."""
    assert said["type"] == "web_search_result_location"
    return WebPage(0, said["url"], said["title"], said["cited_text"])


def as_cited(reply: Reply) -> Reply:
    """Leave of the cited pages what a citation can say in the Messages API."""
    return replace(
        reply,
        parts=tuple(
            replace(
                part,
                citations=tuple(replace(page, number=0, published=None) for page in part.citations),
            )
            if isinstance(part, TextPart)
            else part
            for part in reply.parts
        ),
    )


def anthropic_usage(usage: dict[str, Any]) -> Usage:
    return Usage(
        usage["input_tokens"],
        usage["output_tokens"],
        "estimate",
        usage.get("cache_read_input_tokens"),
        usage.get("cache_creation_input_tokens"),
        searches=usage.get("server_tool_use", {}).get("web_search_requests", 0),
        thinking=usage.get("output_tokens_details", {}).get("thinking_tokens"),
    )


def openai_message(stream: bytes) -> dict[str, Any]:
    """Fold a stream of Chat Completions into a completion, checking each chunk's place."""
    *chunks, done = [data for _, data in frames(stream)]
    assert done == "[DONE]"
    read = [msgspec.json.decode(chunk) for chunk in chunks]
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in read}) == 1
    *spoken, usage = read
    assert usage["choices"] == []
    assert all(chunk["usage"] is None for chunk in spoken)
    choices = [choice for chunk in spoken for choice in chunk["choices"]]
    assert [choice["finish_reason"] is None for choice in choices] == [
        *(True for _ in choices[1:]),
        False,
    ]
    assert [index for index, choice in enumerate(choices) if "role" in choice["delta"]] == [0]
    message = openai_deltas([choice["delta"] for choice in choices])
    return {**message, "finish_reason": choices[-1]["finish_reason"], "usage": usage["usage"]}


def openai_deltas(deltas: list[dict[str, Any]]) -> dict[str, Any]:
    calls: list[list[str]] = []
    for delta in deltas:
        for call in delta.get("tool_calls", ()):
            if "id" in call:
                assert call["index"] == len(calls)
                calls.append([call["id"], call["function"]["name"], ""])
            assert call["index"] == len(calls) - 1
            calls[-1][2] += call["function"]["arguments"]
    return {
        "annotations": [note for delta in deltas for note in delta.get("annotations", ())],
        "content": "".join(delta.get("content", "") for delta in deltas),
        "reasoning": "".join(delta.get("reasoning_content", "") for delta in deltas),
        "calls": calls,
    }


def cited_text(reply: Reply) -> tuple[str, list[dict[str, Any]]]:
    """Write the words as one text: links behind what is cited, a gap where a search was."""
    text, notes, searched = "", list[dict[str, Any]](), False
    for part in reply.parts:
        match part:
            case TextPart():
                text += "\n\n" * (searched and bool(text)) + part.text
                searched = False
            case SearchCallPart() | SearchResultPart():
                searched = bool(text)
                continue
            case _:
                continue
        for page in part.citations:
            host = page.url.removeprefix("https://").removesuffix("/")
            link = f"([{host}]({page.url}))"
            text += f" {link}"
            place = {"start_index": len(text) - len(link), "end_index": len(text)}
            notes.append({**place, "title": page.title, "url": page.url})
    return text, notes


def in_openais_terms(reply: Reply) -> dict[str, Any]:
    """Say of a reply all that Chat Completions can say."""
    usage: dict[str, Any] = {
        "prompt_tokens": reply.usage.whole_input,
        "completion_tokens": reply.usage.output,
        "total_tokens": reply.usage.whole_input + reply.usage.output,
        "ki2api": facts(reply.usage),
    }
    if reply.usage.cache_read is not None:
        usage.setdefault("prompt_tokens_details", {})["cached_tokens"] = reply.usage.cache_read
    if reply.usage.cache_write is not None:
        usage.setdefault("prompt_tokens_details", {})["cache_write_tokens"] = (
            reply.usage.cache_write
        )
    if reply.usage.thinking is not None:
        usage["completion_tokens_details"] = {"reasoning_tokens": reply.usage.thinking}
    text, notes = cited_text(reply)
    return {
        "annotations": [{"type": "url_citation", "url_citation": note} for note in notes],
        "content": text,
        "reasoning": "".join(part.text for part in reply.parts if isinstance(part, ThinkingPart)),
        "calls": [
            [part.id, part.name, part.input]
            for part in reply.parts
            if isinstance(part, ToolCallPart)
        ],
        "finish_reason": FINISH_REASONS[reply.reason],
        "usage": usage,
    }


class ResponsesReader:
    """Folds a stream of the Responses API, and knows which event may stand where."""

    PARTS = {  # noqa: RUF012 - a constant table
        "content_part": ("content_index", "text"),
        "reasoning_summary_part": ("summary_index", "text"),
    }
    WHOLE = {  # noqa: RUF012 - a constant table
        "output_text": "text",
        "reasoning_summary_text": "text",
        "function_call_arguments": "arguments",
        "custom_tool_call_input": "input",
    }

    def __init__(self) -> None:
        self.items: dict[int, dict[str, Any]] = {}
        self.open: dict[int, dict[str, Any]] = {}
        self.part: str | None = None
        self.said: dict[int, str] = {}

    def read(self, stream: bytes) -> dict[str, Any]:
        events = [(name, msgspec.json.decode(data)) for name, data in frames(stream)]
        assert [name for name, _ in events] == [event["type"] for _, event in events]
        assert [event["sequence_number"] for _, event in events] == list(range(len(events)))
        (created, _), (in_progress, _), *middle, (_, last) = events
        assert (created, in_progress) == ("response.created", "response.in_progress")
        for name, event in middle:
            what, _, how = name.removeprefix("response.").rpartition(".")
            if what != "output_item":
                assert event["item_id"] == self.open[event["output_index"]]["id"]
            getattr(self, how)(what, event["output_index"], event)
        assert not self.open
        assert last["type"] == f"response.{last['response']['status']}"
        assert last["response"]["output"] == [self.items[index] for index in range(len(self.items))]
        response: dict[str, Any] = last["response"]
        return response

    def added(self, what: str, place: int, event: dict[str, Any]) -> None:
        if what == "output_item":
            assert place == len(self.items) + len(self.open)
            assert all(item["type"] == "web_search_call" for item in self.open.values())
            self.open[place], self.said[place] = event["item"], ""
            return
        if what == "output_text.annotation":
            start, end = (event["annotation"][edge] for edge in ("start_index", "end_index"))
            link = self.said[place][start:end]
            assert (link[:2], link[-2:]) == ("([", "))")
            assert event["annotation"]["url"] in link
            return
        assert self.part is None
        index, text = self.PARTS[what]
        assert (event[index], event["part"][text]) == (0, "")
        self.part = what

    def in_progress(self, what: str, _place: int, _event: dict[str, Any]) -> None:
        assert what == "web_search_call"

    searching = completed = in_progress

    def delta(self, what: str, place: int, event: dict[str, Any]) -> None:
        assert what in self.WHOLE
        assert event["delta"]
        self.said[place] += event["delta"]

    def done(self, what: str, place: int, event: dict[str, Any]) -> None:
        if what == "output_item":
            assert self.part is None
            assert event["item"]["id"] == self.open.pop(place)["id"]
            self.items[place] = event["item"]
        elif what in self.PARTS:
            assert self.part == what
            assert event["part"]["text"] == self.said[place]
            self.part = None
        else:
            assert event[self.WHOLE[what]] == self.said[place]


def responses_part(item: dict[str, Any]) -> ReplyPart:
    match item:
        case {
            "type": "message",
            "content": [{"type": "output_text", "text": text, "annotations": notes}],
        }:
            return TextPart(text, citations=tuple(annotated_page(note) for note in notes))
        case {"type": "web_search_call", "action": {"type": "search", "query": query}}:
            return SearchCallPart("", "web_search", query)
        case {"type": "reasoning", "summary": summary, "encrypted_content": blob}:
            sealed = unseal(blob or "") or Sealed()
            text = "".join(each["text"] for each in summary)
            return ThinkingPart(text, sealed.signature, sealed.redacted)
        case {"type": "function_call", "call_id": call_id, "name": name, "arguments": text}:
            return ToolCallPart(call_id, name, text)
        case {"type": "custom_tool_call", "call_id": call_id, "name": name, "input": text}:
            assert (name, item["namespace"]) == ("free", "space")
            return ToolCallPart(call_id, "space__free", text)
    raise AssertionError(item)


def annotated_page(note: dict[str, Any]) -> WebPage:
    return WebPage(0, note["url"], note["title"])


def in_an_item(part: ReplyPart) -> ReplyPart:
    """Say of a part what an item can say of it."""
    match part:
        case TextPart(text=text, citations=citations):
            cited = tuple(WebPage(0, page.url, page.title) for page in citations)
            return TextPart(text + links(citations, 0)[0], citations=cited)
        case ToolCallPart(name="space__free", input=arguments):
            return replace(part, input=unwrap(arguments)[0])
        case SearchCallPart():
            return SearchCallPart("", "web_search", "a")
        case _:
            return part


def in_items(parts: Sequence[ReplyPart]) -> Iterator[ReplyPart]:
    """Say of parts what items can say of them: texts that follow each other are one."""
    for is_text, run in groupby(parts, lambda part: isinstance(part, TextPart)):
        said = [in_an_item(part) for part in run if not isinstance(part, SearchResultPart)]
        if not is_text:
            yield from said
            continue
        texts = [part for part in said if isinstance(part, TextPart)]
        whole = "".join(part.text for part in texts)
        yield TextPart(whole, citations=tuple(page for part in texts for page in part.citations))


def in_responses_terms(reply: Reply) -> dict[str, Any]:
    """Say of a reply all that the Responses API can say."""
    why = INCOMPLETE.get(reply.reason)
    usage = reply.usage
    return {
        "parts": list(in_items(reply.parts)),
        "status": "incomplete" if why else "completed",
        "why": why and {"reason": why},
        "usage": {
            "input_tokens": usage.whole_input,
            "input_tokens_details": {
                "cached_tokens": usage.cache_read or 0,
                "cache_write_tokens": usage.cache_write or 0,
            },
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": usage.thinking or 0},
            "total_tokens": usage.whole_input + usage.output,
            "ki2api": facts(usage),
        },
    }


def said_in(response: dict[str, Any]) -> dict[str, Any]:
    return {
        "parts": list(map(responses_part, response["output"])),
        "status": response["status"],
        "why": response["incomplete_details"],
        "usage": response["usage"],
    }


@given(batches=batched())
def test_a_stream_of_items_says_all_that_the_responses_api_can_say(
    batches: list[list[ReplyEvent]],
) -> None:
    response = ResponsesReader().read(write(OPENAI_RESPONSES, batches))
    assert said_in(response) == in_responses_terms(fold(flat(batches)))


@given(events=replies())
def test_a_whole_response_says_the_same(events: list[ReplyEvent]) -> None:
    reply = fold(events)
    response = msgspec.json.decode(encoder_of(OPENAI_RESPONSES).whole(reply))
    assert said_in(response) == in_responses_terms(reply)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(batches=batched())
def test_the_bytes_do_not_depend_on_the_batches(
    dialect: ClientProtocol, batches: list[list[ReplyEvent]]
) -> None:
    assert write(dialect, batches) == write(dialect, [flat(batches)])


@given(batches=batched())
def test_a_stream_of_messages_folds_back_to_the_reply(batches: list[list[ReplyEvent]]) -> None:
    reply = as_cited(fold(flat(batches)))
    found = AnthropicReader().read(write(ANTHROPIC, batches))
    assert (found.parts, found.reason, found.stop_sequence) == (
        reply.parts,
        reply.reason,
        reply.stop_sequence,
    )
    assert found.usage == reply.usage


@given(events=replies())
def test_a_whole_message_is_the_same_reply(events: list[ReplyEvent]) -> None:
    reply = as_cited(fold(events))
    message = msgspec.json.decode(encoder_of(ANTHROPIC).whole(reply))
    assert tuple(map(anthropic_part, message["content"])) == reply.parts
    assert (message["stop_reason"], message["stop_sequence"]) == (
        STOP_REASONS[reply.reason],
        reply.stop_sequence,
    )
    assert anthropic_usage(message["usage"]) == reply.usage


@given(batches=batched())
def test_a_stream_of_chunks_says_all_that_chat_completions_can_say(
    batches: list[list[ReplyEvent]],
) -> None:
    assert openai_message(write(OPENAI_CHAT, batches)) == in_openais_terms(fold(flat(batches)))


@given(events=replies())
def test_a_whole_completion_says_the_same(events: list[ReplyEvent]) -> None:
    reply = fold(events)
    completion = msgspec.json.decode(encoder_of(OPENAI_CHAT).whole(reply))
    (choice,) = completion["choices"]
    message = choice["message"]
    found = {
        "annotations": message.get("annotations", []),
        "content": message["content"] or "",
        "reasoning": message.get("reasoning_content", ""),
        "calls": [
            [call["id"], call["function"]["name"], call["function"]["arguments"]]
            for call in message.get("tool_calls", ())
        ],
        "finish_reason": choice["finish_reason"],
        "usage": completion["usage"],
    }
    assert found == in_openais_terms(reply)
    assert (message["content"] is None) == ("tool_calls" in message and not found["content"])


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(batches=batched(), cut=st.integers(0, 6))
def test_a_broken_stream_never_looks_complete(
    dialect: ClientProtocol, batches: list[list[ReplyEvent]], cut: int
) -> None:
    events = flat(batches)[:-1][: cut * 2]
    encoder = encoder_of(dialect)
    stream = encoder.feed(events) + encoder.fail(UpstreamDisconnected("broke off"))
    *before, (_, last) = frames(stream)
    assert "error" in msgspec.json.decode(last)
    assert not any(name in ENDS or data == "[DONE]" for name, data in before)
    assert not any('"finish_reason":"' in data for _, data in before)


def serve(stream: bytes) -> httpx2.Client:
    """Answer every request with this stream."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, content=stream)

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def ask_anthropic(stream: bytes) -> anthropic.types.Message:
    with (
        serve(stream) as http,
        anthropic.Anthropic(api_key="k", base_url="http://ki2api", http_client=http) as client,
        client.messages.stream(
            model="claude-x", max_tokens=9, messages=[{"role": "user", "content": "hi"}]
        ) as found,
    ):
        return found.get_final_message()


def ask_openai(stream: bytes) -> list[openai.types.chat.ChatCompletionChunk]:
    with (
        serve(stream) as http,
        openai.OpenAI(api_key="k", base_url="http://ki2api/v1", http_client=http) as client,
        client.chat.completions.create(
            model="claude-x", messages=[{"role": "user", "content": "hi"}], stream=True
        ) as found,
    ):
        return list(found)


@settings(max_examples=40, deadline=None)
@given(batches=batched())
def test_anthropics_sdk_finds_the_same_message(batches: list[list[ReplyEvent]]) -> None:
    ping = ANTHROPIC.ping
    streamed = ask_anthropic(ping + write(ANTHROPIC, batches).replace(b"\n\n", b"\n\n" + ping))
    whole = msgspec.json.decode(encoder_of(ANTHROPIC).whole(fold(flat(batches))))
    del whole["usage"]["ki2api"]  # the SDK leaves what it does not know in the last event
    assert streamed.to_dict(exclude_unset=False) == anthropic.types.Message.model_validate(
        whole
    ).to_dict(exclude_unset=False)


@settings(max_examples=40, deadline=None)
@given(batches=batched())
def test_openais_sdk_finds_the_same_completion(batches: list[list[ReplyEvent]]) -> None:
    ping = OPENAI_CHAT.ping
    chunks = ask_openai(ping + write(OPENAI_CHAT, batches).replace(b"\n\n", b"\n\n" + ping))
    state = openai.lib.streaming.chat.ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(chunk)
    found = state.current_completion_snapshot
    reply = in_openais_terms(fold(flat(batches)))
    (choice,) = found.choices
    assert (choice.message.content or "") == reply["content"]
    annotations = [note.to_dict() for note in choice.message.annotations or ()]
    assert annotations == reply["annotations"]
    assert choice.finish_reason == reply["finish_reason"]
    assert found.usage is not None
    assert found.usage.to_dict() == reply["usage"]
    assert [
        [call.id, call.function.name, call.function.arguments]
        for call in choice.message.tool_calls or ()
    ] == reply["calls"]


def ask_responses(stream: bytes) -> openai.types.responses.Response:
    with (
        serve(stream) as http,
        openai.OpenAI(api_key="k", base_url="http://ki2api/v1", http_client=http) as client,
        client.responses.create(model="claude-x", input="hi", stream=True) as found,
    ):
        state: Any = ResponseStreamState(input_tools=openai.omit, text_format=openai.omit)
        *_, last = [event for sent in found for event in state.handle_event(sent)]
        response: openai.types.responses.Response = last.response
        return response


@settings(max_examples=40, deadline=None)
@given(batches=batched())
def test_openais_sdk_finds_the_same_response(batches: list[list[ReplyEvent]]) -> None:
    ping = OPENAI_RESPONSES.ping
    stream = write(OPENAI_RESPONSES, batches).replace(b"\n\n", b"\n\n" + ping)
    whole = msgspec.json.decode(encoder_of(OPENAI_RESPONSES).whole(fold(flat(batches))))
    found = ask_responses(ping + stream)
    expected = openai.types.responses.Response.model_validate(whole)
    assert unparsed(found.to_dict(exclude_unset=False)) == expected.to_dict(exclude_unset=False)


def unparsed(value: Any) -> Any:
    """Leave out what the SDK itself adds to a reply."""
    match value:
        case dict():
            return {
                name: unparsed(inner)
                for name, inner in value.items()
                if name not in {"parsed", "parsed_arguments"}
            }
        case list():
            return [unparsed(inner) for inner in value]
        case _:
            return value


def test_both_sdks_raise_on_a_broken_stream() -> None:
    begun: list[ReplyEvent] = [ReplyStarted(), PartStarted(0, "text"), PartDelta(0, "Hel")]
    error = UpstreamDisconnected("the stream broke off")
    messages, chunks = encoder_of(ANTHROPIC), encoder_of(OPENAI_CHAT)
    responses = encoder_of(OPENAI_RESPONSES)
    with pytest.raises(anthropic.APIStatusError, match="the stream broke off"):
        ask_anthropic(messages.feed(begun) + messages.fail(error))
    with pytest.raises(openai.APIError, match="the stream broke off"):
        ask_openai(chunks.feed(begun) + chunks.fail(error))
    with pytest.raises(openai.APIError, match="the stream broke off"):
        ask_responses(responses.feed(begun) + responses.fail(error))


def test_usage_comes_only_where_it_was_asked_for() -> None:
    encoder = encoder_of(OPENAI_CHAT, include_usage=False)
    assert b"usage" not in encoder.feed([ReplyStarted(5), ReplyEnded("end")])

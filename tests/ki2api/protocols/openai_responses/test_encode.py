"""Replies in the form of the Responses API."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from ki2api.conversation import Conversation, TextPart, ThinkingPart, ToolCallPart, WebPage
from ki2api.errors import (
    ContextTooLong,
    GatewayError,
    InvalidRequest,
    ModelOverloaded,
    UpstreamDisconnected,
)
from ki2api.events import (
    EndReason,
    PartDelta,
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    SearchCallPart,
    SearchFault,
    SearchResultPart,
    Usage,
    UsageReported,
    fold,
)
from ki2api.protocols import Delivery, Encoder
from ki2api.protocols.openai_responses import OpenAIResponses
from ki2api.protocols.openai_responses.asked import NOTHING, Asked
from ki2api.protocols.openai_responses.names import Called, FlatNames
from ki2api.protocols.openai_responses.sealed import Sealed, unseal
from ki2api.shelf import Gone, Shelf

USAGE = Usage(5, 7, "derived")
PAGE = WebPage(1, "https://a.example/", "A")


def asked(*, sealed: bool = False, keep: bool = False) -> Asked:
    names = FlatNames()
    names.declare(Called("spawn", "agents"))
    names.declare(Called("patch", custom=True))
    return msgspec.structs.replace(NOTHING, names=names, sealed=sealed, keep=keep)


def encoder(given: object = None, shelf: Shelf | None = None) -> Encoder:
    delivery = Delivery("f10e", "m", 1_790_000_000, stream=True, kept=given)
    shelf = Shelf() if shelf is None else shelf
    return OpenAIResponses(shelf.of("me")).encoder(Conversation("m", ()), delivery)


def events(written: bytes) -> list[dict[str, Any]]:
    """Read the events; each says its name twice, and they are counted."""
    found = []
    for frame in written.decode().removesuffix("\n\n").split("\n\n"):
        name, data = frame.split("\n")
        event = msgspec.json.decode(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    numbers = [event["sequence_number"] for event in found]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return found


def part(*said: ReplyEvent, given: object = None) -> list[dict[str, Any]]:
    """Write one part of a reply that has begun."""
    made = encoder(given)
    made.feed([ReplyStarted()])
    return events(made.feed(said))


def whole_part(*said: ReplyEvent) -> list[dict[str, Any]]:
    """Write one part, and what its item says once it is clear that nothing more comes to it."""
    made = encoder()
    made.feed([ReplyStarted()])
    return events(made.feed([*said, ReplyEnded("end")]))[:-1]


def texts(written: Sequence[dict[str, Any]]) -> list[str]:
    return [event["delta"] for event in written if event["type"].endswith(".delta")]


def test_a_reply_begins_with_a_response_in_progress() -> None:
    created, in_progress = events(encoder().feed([ReplyStarted(5)]))
    assert (created["type"], in_progress["type"]) == ("response.created", "response.in_progress")
    assert created["response"] == in_progress["response"]
    response = created["response"]
    assert (response["id"], response["object"]) == ("resp_f10e", "response")
    assert (response["model"], response["created_at"]) == ("m", 1_790_000_000)
    assert (response["status"], response["output"], response["usage"]) == ("in_progress", [], None)


def test_words_are_a_message() -> None:
    said = (PartStarted(0, "text"), PartDelta(0, "a"), PartDelta(0, "b"), PartEnded(0))
    written = whole_part(*said)
    assert [event["type"].removeprefix("response.") for event in written] == [
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]
    assert texts(written) == ["a", "b"]
    words = {"type": "output_text", "annotations": [], "logprobs": [], "text": "ab"}
    assert written[-3]["text"] == "ab"
    assert written[-2]["part"] == words
    assert written[-1]["item"] == {
        "id": "msg_f10e_0",
        "type": "message",
        "status": "completed",
        "content": [words],
        "role": "assistant",
    }
    assert {event["item_id"] for event in written[1:-1]} == {"msg_f10e_0"}


@pytest.mark.parametrize("sealed", [False, True])
def test_thoughts_are_a_summary_with_their_proof_where_it_was_asked_for(*, sealed: bool) -> None:
    said = (PartStarted(0, "thinking"), PartDelta(0, "hm"), PartEnded(0, "c2ln"))
    written = part(*said, given=asked(sealed=sealed))
    assert [event["type"].removeprefix("response.") for event in written] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    item = written[-1]["item"]
    assert item["summary"] == [{"type": "summary_text", "text": "hm"}]
    assert ("encrypted_content" in item) == sealed
    if sealed:
        assert unseal(item["encrypted_content"]) == Sealed("c2ln")


def test_opaque_thoughts_have_no_summary() -> None:
    written = part(
        PartStarted(0, "thinking", redacted="blob"), PartEnded(0), given=asked(sealed=True)
    )
    added, done = written
    assert (added["type"], done["type"]) == (
        "response.output_item.added",
        "response.output_item.done",
    )
    assert done["item"]["summary"] == []
    assert unseal(done["item"]["encrypted_content"]) == Sealed(redacted="blob")


def test_thoughts_that_are_only_proved_have_no_summary() -> None:
    written = part(PartStarted(0, "thinking"), PartEnded(0, "c2ln"), given=asked(sealed=True))
    assert len(written) == 2
    assert written[1]["item"]["summary"] == []
    assert unseal(written[1]["item"]["encrypted_content"]) == Sealed("c2ln")


@pytest.mark.parametrize(("name", "text"), [("ls", '{"a":"b'), ("patch", '{"input":"b')])
def test_a_call_that_a_limit_cut_is_not_complete(name: str, text: str) -> None:
    started = PartStarted(0, "tool-call", "c1", name)
    written = part(started, PartDelta(0, text), PartEnded(0), given=asked())
    assert written[-1]["item"]["status"] == "incomplete"
    reply = Reply((ToolCallPart("c1", name, text),), "max-tokens", USAGE)
    (item,) = msgspec.json.decode(encoder(asked()).whole(reply))["output"]
    assert item == written[-1]["item"]


def test_a_call_of_a_function_is_named_as_the_caller_does() -> None:
    said = (PartStarted(0, "tool-call", "c1", "agents__spawn"), PartDelta(0, '{"a":1}'))
    written = part(*said, PartEnded(0), given=asked())
    assert [event["type"].removeprefix("response.") for event in written] == [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
    ]
    assert written[0]["item"] == {
        "id": "fc_f10e_0",
        "type": "function_call",
        "status": "in_progress",
        "arguments": "",
        "call_id": "c1",
        "name": "spawn",
        "namespace": "agents",
    }
    assert (written[2]["arguments"], written[2]["name"]) == ('{"a":1}', "spawn")
    assert written[3]["item"]["arguments"] == '{"a":1}'
    assert written[3]["item"]["status"] == "completed"


def test_a_call_without_arguments_gives_the_empty_object() -> None:
    written = part(PartStarted(0, "tool-call", "c1", "ls"), PartEnded(0))
    assert texts(written) == ["{}"]
    assert "namespace" not in written[-1]["item"]
    assert written[-1]["item"]["arguments"] == "{}"


def test_free_text_is_taken_out_of_its_json_as_it_comes() -> None:
    pieces = ['{"input"', ': "one\\', 'ntwo"', "}"]
    said = [PartDelta(0, piece) for piece in pieces]
    started = PartStarted(0, "tool-call", "c1", "patch")
    written = part(started, *said, PartEnded(0), given=asked())
    assert [event["type"].removeprefix("response.") for event in written] == [
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
    ]
    assert texts(written) == ["one", "\ntwo"]
    assert written[3]["input"] == "one\ntwo"
    assert "name" not in written[3]
    assert written[4]["item"] == {
        "id": "ctc_f10e_0",
        "type": "custom_tool_call",
        "status": "completed",
        "input": "one\ntwo",
        "call_id": "c1",
        "name": "patch",
    }


def test_free_text_of_another_form_comes_at_the_end() -> None:
    said = (PartStarted(0, "tool-call", "c1", "patch"), PartDelta(0, '{"patch":"x"}'))
    written = part(*said, PartEnded(0), given=asked())
    assert texts(written) == ['{"patch":"x"}']
    assert written[-1]["item"]["input"] == '{"patch":"x"}'


@pytest.mark.parametrize(
    ("reason", "status", "why"),
    [
        ("end", "completed", None),
        ("tool-calls", "completed", None),
        ("stop-sequence", "completed", None),
        ("max-tokens", "incomplete", "max_output_tokens"),
        ("context-full", "incomplete", "max_output_tokens"),
        ("refusal", "incomplete", "content_filter"),
    ],
)
def test_the_end_says_whether_the_reply_is_complete(
    reason: EndReason, status: str, why: str | None
) -> None:
    reply = Reply((TextPart("a"),), reason, USAGE)
    whole = msgspec.json.decode(encoder().whole(reply))
    (last,) = events(encoder().feed([ReplyEnded(reason)]))
    assert last["type"] == f"response.{status}"
    for response in (whole, last["response"]):
        assert response["status"] == status
        assert response["incomplete_details"] == (why and {"reason": why})


def test_the_end_brings_the_items_and_what_they_cost() -> None:
    made = encoder()
    made.feed([ReplyStarted(9), PartStarted(0, "text"), PartDelta(0, "a"), PartEnded(0)])
    usage = Usage(5, 7, "upstream", cache_read=3, cache_write=1)
    *_, last = events(made.feed([UsageReported(usage), ReplyEnded("end")]))
    assert [item["id"] for item in last["response"]["output"]] == ["msg_f10e_0"]
    assert last["response"]["usage"] == {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 1},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 16,
        "ki2api": {"source": "upstream"},
    }


def test_a_whole_reply_is_one_response() -> None:
    parts = (
        ThinkingPart("hm", "c2ln"),
        TextPart("a"),
        ToolCallPart("c1", "ls", "{}"),
        ToolCallPart("c2", "patch", '{"input":"x"}'),
    )
    made = encoder(asked())
    response = msgspec.json.decode(made.whole(Reply(parts, "tool-calls", USAGE)))
    assert [(item["id"], item["type"]) for item in response["output"]] == [
        ("rs_f10e_0", "reasoning"),
        ("msg_f10e_1", "message"),
        ("fc_f10e_2", "function_call"),
        ("ctc_f10e_3", "custom_tool_call"),
    ]
    assert response["output"][3]["input"] == "x"
    assert "encrypted_content" not in response["output"][0]


@pytest.mark.parametrize(
    ("error", "code", "own"),
    [
        (UpstreamDisconnected("broke off"), "server_error", "upstream_disconnected"),
        (ContextTooLong("broke off"), "context_length_exceeded", "context_length_exceeded"),
        (ModelOverloaded("broke off"), "server_is_overloaded", "server_is_overloaded"),
        (InvalidRequest("broke off", path="n"), "invalid_prompt", "invalid_request"),
    ],
)
def test_a_broken_stream_fails_and_says_so_twice(error: GatewayError, code: str, own: str) -> None:
    made = encoder()
    call = PartStarted(0, "tool-call", "c1", "ls")
    text = PartStarted(1, "text"), PartDelta(1, "a"), PartEnded(1)
    made.feed([ReplyStarted(), call, PartEnded(0), *text])
    failed, last = events(made.fail(error))
    assert failed["type"] == "response.failed"
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"] == {"code": code, "message": last["message"]}
    # Words to which more might have come are no complete item.
    assert [item["type"] for item in failed["response"]["output"]] == ["function_call"]
    assert (last["type"], last["code"]) == ("error", own)
    assert "broke off" in last["message"]
    assert last["error"]["code"] == own


def test_a_stream_that_fails_before_its_reply_begins_with_one() -> None:
    written = events(encoder().fail(ModelOverloaded("no")))
    assert [event["type"] for event in written] == [
        "response.created",
        "response.in_progress",
        "response.failed",
        "error",
    ]


@pytest.mark.parametrize("whole", [False, True])
def test_a_reply_is_kept_at_its_end_with_what_is_sealed(*, whole: bool) -> None:
    shelf = Shelf()
    made = encoder(asked(keep=True), shelf)
    if whole:
        body = made.whole(Reply((ThinkingPart("hm", "c2ln"),), "end", USAGE))
    else:
        made.feed([ReplyStarted(), PartStarted(0, "thinking"), PartEnded(0, "c2ln")])
        assert len(shelf) == 0
        (last,) = events(made.feed([ReplyEnded("end")]))
        body = msgspec.json.encode(last["response"])
    kept = shelf.of("me").find("resp_f10e")
    assert msgspec.json.decode(kept.body) == msgspec.json.decode(body)
    item = msgspec.json.decode(kept.answered["rs_f10e_0"])
    assert unseal(item["encrypted_content"]) == Sealed("c2ln")


def test_a_broken_reply_is_not_kept() -> None:
    shelf = Shelf()
    made = encoder(asked(keep=True), shelf)
    made.feed([ReplyStarted(), PartStarted(0, "text"), PartDelta(0, "a")])
    made.fail(UpstreamDisconnected("broke off"))
    with pytest.raises(Gone):
        shelf.of("me").find("resp_f10e")


def search(fault: SearchFault = "") -> list[ReplyEvent]:
    result = SearchResultPart("s1", () if fault else (PAGE,), fault)
    return [
        PartStarted(0, "search-call", "s1", "web_search"),
        PartDelta(0, '{"query":"cats"}'),
        PartEnded(0),
        PartStarted(1, "search-result", "s1", result=result),
        PartEnded(1),
    ]


@pytest.mark.parametrize(("fault", "status"), [("", "completed"), ("unavailable", "failed")])
def test_a_search_is_one_item_with_what_it_found(fault: SearchFault, status: str) -> None:
    written = part(*search(fault))
    told = [event["type"].removeprefix("response.") for event in written]
    assert told == [
        "output_item.added",
        "web_search_call.in_progress",
        "web_search_call.searching",
        *(() if fault else ("web_search_call.completed",)),
        "output_item.done",
    ]
    action: dict[str, Any] = {"type": "search", "query": "cats", "queries": ["cats"]}
    if not fault:
        action["sources"] = [{"type": "url", "url": "https://a.example/"}]
    result = SearchResultPart("s1", () if fault else (PAGE,), fault)
    parts = (SearchCallPart("s1", "web_search", '{"query":"cats"}'), result)
    (item,) = msgspec.json.decode(encoder().whole(Reply(parts, "end", USAGE)))["output"]
    assert item == written[-1]["item"]
    assert item == {
        "id": "ws_f10e_0",
        "type": "web_search_call",
        "status": status,
        "action": action,
    }


def test_a_search_that_never_ran_has_failed() -> None:
    made = encoder()
    made.feed([ReplyStarted(), *search()[:3]])
    (done, last) = events(made.feed([ReplyEnded("max-tokens")]))
    assert done["item"]["status"] == "failed"
    assert "sources" not in done["item"]["action"]
    assert last["response"]["output"] == [done["item"]]
    reply = Reply((SearchCallPart("s1", "web_search", '{"query":"cats"}'),), "max-tokens", USAGE)
    assert msgspec.json.decode(encoder().whole(reply))["output"] == [done["item"]]


def test_searches_side_by_side_each_get_what_they_found() -> None:
    calls = [
        event
        for index, name in enumerate(("s0", "s1"))
        for event in (
            PartStarted(index, "search-call", name, "web_search"),
            PartDelta(index, f'{{"query":"{name}"}}'),
            PartEnded(index),
        )
    ]
    found = (SearchResultPart("s0", (PAGE,)), SearchResultPart("s1", fault="unavailable"))
    results: list[ReplyEvent] = []
    for index, result in enumerate(found, 2):
        started = PartStarted(index, "search-result", result.call_id, result=result)
        results += started, PartEnded(index)
    nobodys = PartStarted(4, "search-result", "s9"), PartEnded(4)
    said = [ReplyStarted(), *calls, *results, *nobodys, ReplyEnded("end")]
    written = events(encoder().feed(said))
    done = [event for event in written if event["type"].endswith("output_item.done")]
    assert [event["output_index"] for event in done] == [0, 1]
    items = written[-1]["response"]["output"]
    assert items == [event["item"] for event in done]
    assert [item["status"] for item in items] == ["completed", "failed"]
    assert [item["action"]["query"] for item in items] == ["s0", "s1"]
    assert items[0]["action"]["sources"] == [{"type": "url", "url": PAGE.url}]
    assert msgspec.json.decode(encoder().whole(fold(said)))["output"] == items


def test_arguments_of_a_search_that_are_no_json_are_told_as_they_are() -> None:
    reply = Reply((SearchCallPart("s1", "web_search", "cats"),), "end", USAGE)
    (item,) = msgspec.json.decode(encoder().whole(reply))["output"]
    assert item["action"]["query"] == "cats"


def test_words_that_rest_on_a_page_end_with_a_link_to_it() -> None:
    said = (PartStarted(0, "text"), PartDelta(0, "Cats."), PartEnded(0, citations=(PAGE,)))
    written = whole_part(*said)
    assert texts(written) == ["Cats.", " ([a.example](https://a.example/))"]
    (content,) = written[-1]["item"]["content"]
    note = {
        "type": "url_citation",
        "start_index": 6,
        "end_index": 39,
        "title": "A",
        "url": "https://a.example/",
    }
    assert content["annotations"] == [note]
    (added,) = [event for event in written if event["type"].endswith("annotation.added")]
    assert (added["annotation"], added["annotation_index"]) == (note, 0)
    whole = Reply((TextPart("Cats.", citations=(PAGE,)),), "end", USAGE)
    (item,) = msgspec.json.decode(encoder().whole(whole))["output"]
    assert item == written[-1]["item"]


def test_texts_that_follow_each_other_are_one_message() -> None:
    link = "([a.example](https://a.example/))"
    said: list[ReplyEvent] = [ReplyStarted()]
    for index, (text, pages) in enumerate([("One", (PAGE,)), (". Two", (PAGE,)), (".", ())]):
        text_part = PartStarted(index, "text"), PartDelta(index, text)
        said += (*text_part, PartEnded(index, citations=pages))
    said += (PartStarted(3, "tool-call", "c1", "ls"), PartEnded(3), PartStarted(4, "text"))
    said += (PartDelta(4, "Three"), PartEnded(4), ReplyEnded("end"))
    written = events(encoder().feed(said))
    kinds = [event["type"].removeprefix("response.") for event in written[2:14]]
    assert kinds == [
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.annotation.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.annotation.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]
    items = written[-1]["response"]["output"]
    assert [item["id"] for item in items] == ["msg_f10e_0", "fc_f10e_3", "msg_f10e_4"]
    (content,) = items[0]["content"]
    assert content["text"] == f"One {link}. Two {link}."
    added = [event for event in written if event["type"].endswith("annotation.added")]
    assert [event["annotation_index"] for event in added] == [0, 1]
    assert [event["annotation"] for event in added] == content["annotations"]
    for note in content["annotations"]:
        assert content["text"][note["start_index"] : note["end_index"]] == link
    assert msgspec.json.decode(encoder().whole(fold(said)))["output"] == items

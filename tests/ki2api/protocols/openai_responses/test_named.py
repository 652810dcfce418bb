"""The items of a request as they are kept."""

from typing import Any

import msgspec

from ki2api.errors import InvalidRequest
from ki2api.protocols.openai_responses.items import items_of
from ki2api.protocols.openai_responses.named import named
from ki2api.protocols.reading import Unserved


def kept(*items: Any) -> dict[str, Any]:
    raws = [msgspec.json.encode(item) for item in items]
    found = items_of(raws, "input", lambda _: None, Unserved(drop=False))
    return {name: msgspec.json.decode(item) for name, item in named(found, "f10e").items()}


def test_a_message_has_a_type_a_status_and_a_list_of_content() -> None:
    assert kept({"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}) == {
        "msg_f10e_in0": {
            "role": "user",
            "content": [{"type": "input_text", "text": "hi"}],
            "type": "message",
            "status": "completed",
            "id": "msg_f10e_in0",
        },
        "msg_f10e_in1": {
            "role": "assistant",
            "content": [{"type": "output_text", "text": "ho"}],
            "type": "message",
            "status": "completed",
            "id": "msg_f10e_in1",
        },
    }


def test_an_id_that_was_sent_stays_and_one_that_is_taken_does_not() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "ls"}
    content = [{"type": "input_text", "text": "hi"}]
    message = {"role": "user", "content": content, "id": None}
    found = kept(call, call, message, {"type": "web_search_call"})
    assert list(found) == ["fc_1", "fc_f10e_in1", "msg_f10e_in2", "item_f10e_in3"]
    assert found["fc_1"] == call
    assert found["msg_f10e_in2"]["content"] == content


def test_what_is_nested_too_deeply_is_refused_and_not_kept() -> None:
    raw = b'{"type":"web_search_call","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    try:
        found = items_of([raw], "input", lambda _: None, Unserved(drop=False))
        named(found, "f10e")
    except InvalidRequest as refused:
        assert "nested too deeply" in refused.message  # noqa: PT017 - either place may refuse it
    else:
        raise AssertionError

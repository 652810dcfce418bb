"""Both bindings, the checks in their order, and what is recorded."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from ki2api.simulator import Answer, Question, SimulatorOptions

pytestmark = pytest.mark.anyio
Opened = Callable[..., Awaitable[Any]]
_IMPROPER = {"message": "Improperly formed request.", "reason": None}
_JSON_10 = "application/x-amz-json-1.0"


async def test_a_reply_is_an_event_stream_in_the_order_of_the_service(caller: Any) -> None:
    response = await caller.ask("Hello")
    assert response.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert response.headers["transfer-encoding"] == "chunked"
    assert response.headers["x-amzn-codewhisperer-conversation-id"] == "conversation-1"
    assert len(response.headers["x-amzn-requestid"]) == 36
    events = caller.read(response.content)
    assert list(dict.fromkeys(events.names)) == [
        "messageMetadataEvent",
        "assistantResponseEvent",
        "contextUsageEvent",
        "meteringEvent",
    ]
    assert "simulator" in events.text
    # The hidden prompt of about 4,100 tokens is 2.05 % of this model's window.
    assert 2.05 < events.of("contextUsageEvent")[0]["contextUsagePercentage"] < 2.2


async def test_the_other_binding_begins_with_an_initial_response(caller: Any) -> None:
    response = await caller.post_json_10(caller.body())
    events = caller.read(response.content)
    assert events[0] == ("initial-response", {"conversationId": "conversation-1"})
    assert caller.simulator.requests[0].binding == "json-1.0"
    same = await caller.post_json_10(caller.body(), path="/generateAssistantResponse")
    assert same.status_code == 200


@pytest.mark.parametrize("target", ["GenerateAssistantResponse", "", "Other.InvokeMCP"])
async def test_a_wrong_target_is_an_unknown_operation(caller: Any, target: str) -> None:
    response = await caller.post_json_10(caller.body(), target=target)
    assert response.status_code == 404
    assert response.headers["content-type"] == _JSON_10


async def test_another_path_method_or_content_type_is_an_unknown_operation(caller: Any) -> None:
    root = caller.simulator.urls.runtime
    operation = f"{root}/generateAssistantResponse"
    json = {**caller.headers, "content-type": "application/json"}
    responses = [
        await caller.http.get(operation, headers=json),
        await caller.http.post(f"{root}/", content=b"{}", headers=json),
        await caller.http.post(operation, content=b"{}", headers=caller.headers),
        await caller.http.post(operation, content=b"{}", headers={**json, "content-type": "x"}),
    ]
    assert [response.status_code for response in responses] == [404] * 4
    assert {r.headers["x-amzn-errortype"] for r in responses} == {"UnknownOperationException"}


async def test_an_error_of_the_other_binding_carries_its_type(caller: Any) -> None:
    response = await caller.post_json_10({**caller.body(), "systemPrompt": "x"})
    assert response.json() == {
        "message": "Improperly formed request.",
        "reason": "REQUEST_BODY_INVALID",
        "__type": "com.amazon.aws.codewhisperer#ValidationException",
    }


async def test_a_body_that_is_no_json_is_told_so(caller: Any) -> None:
    for body in (b"{", b'{"a": "\\ud800"}'):
        response = await caller.post(body)
        assert response.status_code == 400
        assert response.json() == {
            "message": "The request body is not valid JSON.",
            "reason": "REQUEST_BODY_INVALID_JSON",
        }
    assert (await caller.post(b"[]")).json() == _IMPROPER


@pytest.mark.parametrize("state", ["text", {"conversationId": 1}])
async def test_a_state_of_another_shape_is_improper(caller: Any, state: Any) -> None:
    response = await caller.post({**caller.body(), "conversationState": state})
    assert response.json() == _IMPROPER


async def test_a_broken_rule_stands_in_a_side_header_and_never_in_the_body(caller: Any) -> None:
    response = await caller.ask("")
    assert (response.status_code, response.json()) == (400, _IMPROPER)
    assert response.headers["x-simulator-rule"] == "H5"
    (refused,) = caller.simulator.refused
    assert (refused.account, refused.host, refused.rules) == ("work", "runtime", ("H5",))
    assert (refused.status, refused.reason) == (400, None)
    assert msgspec.json.decode(refused.body)["conversationState"]["history"] == []
    assert caller.simulator.requests == []


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (SimulatorOptions(), "TOOL_CONFIG_MISSING"),
        (SimulatorOptions(strict_reasons=False), None),
        (
            SimulatorOptions(strict_reasons=False, improper_reason="REQUEST_BODY_INVALID"),
            "REQUEST_BODY_INVALID",
        ),
    ],
)
async def test_the_reasons_of_2026_can_be_switched_off(
    opened: Opened, options: SimulatorOptions, answer: str | None
) -> None:
    caller = await opened(options)
    results = [{"toolUseId": "x", "content": [{"text": "y"}]}]
    response = await caller.ask(toolResults=results)
    assert response.json()["reason"] == answer
    if not options.strict_reasons:
        assert response.json()["message"] == "Improperly formed request."


async def test_an_accepted_request_is_recorded_whole(caller: Any) -> None:
    body = caller.body()
    await caller.post(body, headers={"user-agent": "KiroIDE-1.0"})
    (record,) = caller.simulator.requests
    assert record.parsed() == body
    assert record.headers["user-agent"] == "KiroIDE-1.0"
    assert (record.account, record.host, record.path) == (
        "work",
        "runtime",
        "/generateAssistantResponse",
    )
    assert (record.finished, record.abandoned, record.scenario) == (True, False, "")
    assert caller.account.requests == 1


async def test_the_records_keep_the_newest_alone(opened: Opened) -> None:
    caller = await opened(SimulatorOptions(remembered=2))
    for text in ("one", "two", "three", "", "", ""):
        await caller.ask(text)
    said = [
        record.parsed()["conversationState"]["currentMessage"]["userInputMessage"]["content"]
        for record in caller.simulator.requests
    ]
    assert said == ["two", "three"]
    assert len(caller.simulator.refused) == 2


async def test_ids_of_a_failed_request_are_refused_for_ever(caller: Any) -> None:
    other = caller.simulator.add_account("other")
    body = caller.body()
    body["conversationState"]["agentContinuationId"] = "c1"
    caller.account.throttle(1)
    assert (await caller.post(body)).status_code == 429
    resent = {"authorization": f"Bearer {other.access_token}"}
    response = await caller.post({**body, "profileArn": other.profile_arn}, headers=resent)
    assert response.json() == _IMPROPER
    assert response.headers["x-simulator-rule"] == "resent-ids"
    body["conversationState"]["agentContinuationId"] = "c2"
    assert (await caller.post(body)).status_code == 200


async def test_ids_of_a_refused_request_may_be_sent_again(caller: Any) -> None:
    body = caller.body()
    caller.account.fault("spent")
    assert (await caller.post(body)).status_code == 402
    assert (await caller.post(body)).status_code == 200


async def test_resending_ids_can_be_allowed(opened: Opened) -> None:
    caller = await opened(SimulatorOptions(refuse_resent_ids=False))
    body = caller.body()
    caller.simulator.order("overloaded")
    assert (await caller.post(body)).status_code == 500
    assert (await caller.post(body)).status_code == 200


async def test_a_request_without_ids_gets_one_and_fails_without_a_trace(caller: Any) -> None:
    body = caller.body()
    del body["conversationState"]["conversationId"]
    caller.account.throttle(1)
    assert (await caller.post(body)).status_code == 429
    response = await caller.post(body)
    assert len(response.headers["x-amzn-codewhisperer-conversation-id"]) == 36


async def test_the_same_seed_gives_the_same_stream(opened: Opened) -> None:
    one, two, other = [await opened(SimulatorOptions(seed=seed)) for seed in (3, 3, 4)]
    streams = [(await caller.ask()).content for caller in (one, two, other)]
    assert streams[0] == streams[1] != streams[2]


async def test_a_script_decides_the_answer(opened: Opened) -> None:
    def script(question: Question) -> Answer:
        return Answer(question.prompt.upper(), scenario="no-usage" if "x" in question.text else "")

    caller = await opened(script=script)
    assert (await caller.events("a word")).text == "A WORD"
    assert "meteringEvent" not in (await caller.events("x")).names


async def test_a_model_keeps_the_limit_that_its_fields_set(caller: Any) -> None:
    words = f"[[sim:text say={'x' * 8_000}]]"
    events = await caller.events(words, model="claude-opus-5", fields={"max_tokens": 1_024})
    assert len(events.text) == 4_096
    assert events[-1] == ("metadataEvent", {"stopReason": "MAX_TOKENS"})
    events = await caller.events(words, model="claude-opus-5", fields={"max_tokens": 2_000})
    assert len(events.text) == 8_000
    assert events.names[-1] == "meteringEvent"

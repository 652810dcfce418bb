"""Refusals on demand, and answers that are no stream."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("scenario", "status", "reason"),
    [
        ("throttled", 429, None),
        ("capacity", 429, "INSUFFICIENT_MODEL_CAPACITY"),
        ("suspicious", 429, None),
        ("suspended", 403, None),
        ("expired", 403, None),
        ("spent", 402, "MONTHLY_REQUEST_COUNT"),
        ("improper", 400, None),
        ("too-long", 400, "CONTENT_LENGTH_EXCEEDS_THRESHOLD"),
        ("overloaded", 500, "MODEL_TEMPORARILY_UNAVAILABLE"),
        ("unexpected", 500, None),
        ("unavailable", 503, None),
        ("refuse", 429, None),
        (
            "refuse status=429 reason=INSUFFICIENT_MODEL_CAPACITY",
            429,
            "INSUFFICIENT_MODEL_CAPACITY",
        ),
        ("refuse status=500 reason=TOOL_USE_RESULT_MISMATCH", 500, "TOOL_USE_RESULT_MISMATCH"),
        ("refuse status=504", 504, None),
        ("refuse kind=rate", 429, "USER_REQUEST_RATE_EXCEEDED"),
    ],
)
async def test_a_refusal(caller: Any, scenario: str, status: int, reason: str | None) -> None:
    response = await caller.ask(f"please [[sim:{scenario}]]")
    assert (response.status_code, response.json().get("reason")) == (status, reason)
    assert caller.simulator.requests == []
    assert caller.simulator.refused[0].status == status


async def test_a_refusal_may_say_when_to_come_back(caller: Any) -> None:
    for scenario in ("throttled retry-after=7", "refuse status=503 retry-after=7"):
        assert (await caller.ask(f"[[sim:{scenario}]]")).headers["retry-after"] == "7"


async def test_a_refusal_may_have_other_words(caller: Any) -> None:
    response = await caller.ask("[[sim:refuse status=403 message=Go+away]]")
    assert response.json()["message"] == "Go away"


async def test_an_unavailable_service_gives_no_reason(caller: Any) -> None:
    response = await caller.ask("[[sim:unavailable]]")
    assert response.json() == {
        "message": "The service is temporarily unavailable. Please try again later."
    }


async def test_a_load_balancer_answers_in_html(caller: Any) -> None:
    response = await caller.ask("[[sim:html]]")
    assert (response.status_code, response.headers["content-type"]) == (502, "text/html")
    assert "<h1>" in response.text


async def test_a_redirect(caller: Any) -> None:
    response = await caller.ask("[[sim:redirect to=http://elsewhere.example/]]")
    assert response.status_code == 307
    assert response.headers["location"] == "http://elsewhere.example/"


async def test_two_hundred_without_sense(caller: Any) -> None:
    garbage = await caller.ask("[[sim:garbage]]")
    assert (garbage.status_code, garbage.content[:6]) == (200, b"<html>")
    empty = await caller.ask("[[sim:empty-body]]")
    assert (empty.status_code, empty.content) == (200, b"")
    assert [record.finished for record in caller.simulator.requests] == [True, True]


async def test_a_gateway_that_will_not_buffer_the_body(caller: Any) -> None:
    response = await caller.ask("[[sim:too-large]]")
    assert response.json()["error"]["code"] == "validation_error"


async def test_faults_are_played_in_the_order_test_account_marker(caller: Any) -> None:
    caller.account.fault("refuse", times=2, status=500, retry_after=3)
    caller.simulator.order("spent")
    responses = [await caller.ask("[[sim:html]]") for _ in range(4)]
    assert [response.status_code for response in responses] == [402, 500, 500, 502]
    assert responses[1].headers["retry-after"] == "3"

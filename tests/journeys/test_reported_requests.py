"""Requests that other gateways were refused, over HTTP, against a Kiro that is strict."""

from typing import Any

PATHS = {"anthropic": "/v1/messages", "openai-chat": "/v1/chat/completions"}


def test_what_was_refused_elsewhere_is_answered_here(house: Any, reported: Any) -> None:
    gateway, simulator = house
    before = len(simulator.refused)
    with gateway.http() as http:
        answer = http.post(
            PATHS[reported.protocol],
            content=reported.body,
            headers={"content-type": "application/json"},
        )
    if reported.refused:
        assert answer.status_code in {400, 413}
        # Clients read the figures of a sentence that must be as they know it: no rule stands there.
        is_known = reported.refused == "§3.8"
        assert is_known or f"(rule {reported.refused})" in answer.json()["error"]["message"]
        gateway.wait_for(f"failed: .*rule={reported.refused}")
    else:
        assert answer.status_code == 200, answer.text
    assert len(simulator.refused) == before + reported.taught

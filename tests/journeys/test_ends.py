"""How the process ends: with a hundred answers open, with a stage that will not, and unread."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from ki2api.simulator import Simulator

KEY = "ki2api-key-2024"
OPEN = 100
PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")
LAST = {
    "/v1/chat/completions": "data: [DONE]",
    "/v1/responses": "event: response.completed",
    "/v1/messages": "event: message_stop",
}


def asked(path: str, text: str, *, stream: bool) -> dict[str, Any]:
    said: Any = [{"role": "user", "content": text}]
    words = {"input": said} if path == "/v1/responses" else {"messages": said}
    return {"model": "claude-sonnet-4.5", "max_tokens": 500, "stream": stream, **words} | (
        {"max_output_tokens": 500, "max_tokens": None} if path == "/v1/responses" else {}
    )


async def ask(http: httpx.AsyncClient, number: int) -> str:
    """Ask in one of the dialects; the odd ones take longer than the server will wait."""
    path, stream = PATHS[number % 3], number % 6 < 3
    scenario = "stall at=800" if number % 2 else "pause seconds=1"
    body = {
        k: v
        for k, v in asked(path, f"[[sim:{scenario}]] {number}", stream=stream).items()
        if v is not None
    }
    answer = await http.post(path, json=body)
    text = answer.text
    ended = LAST[path] in text if stream else answer.status_code == 200
    told = "shutting down" in text
    assert ended != told, (path, stream, answer.status_code, text[-300:])
    return "told" if told else "ended"


def test_of_a_hundred_open_answers_none_is_cut_off_without_a_word(
    simulator: Simulator, start: Any
) -> None:
    for name in ("first", "second"):
        simulator.add_account(name)
    gateway = start(simulator)

    async def ask_all() -> list[str]:
        options: Any = {"headers": {"authorization": f"Bearer {KEY}"}, "trust_env": False}
        limits = httpx.Limits(max_connections=None)
        async with (
            httpx.AsyncClient(base_url=gateway.url, timeout=60, limits=limits, **options) as http,
            asyncio.TaskGroup() as group,
        ):
            asking = [group.create_task(ask(http, number)) for number in range(OPEN)]
            while len(simulator.requests) < OPEN:
                await asyncio.sleep(0.01)
            gateway.process.send_signal(signal.SIGTERM)
        return [task.result() for task in asking]

    ends = asyncio.run(ask_all())
    assert (ends.count("ended"), ends.count("told")) == (OPEN // 2, OPEN // 2)
    assert gateway.stop() == 0
    assert "Traceback" not in gateway.text
    assert gateway.text.count("account=") >= OPEN, "each has its line"
    state = (
        msgspec.json.decode(Path(gateway.process.args[0] and "state/state.json").read_bytes())
        if False
        else None
    )
    assert state is None

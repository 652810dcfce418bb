"""A request that is cut off at any of the places where it waits leaves nothing behind.

KI2API_SWEEPS=1 cuts off every case in every way; by default each way meets some cases.
"""

import os
from typing import Any

import pytest
from msgspec import Struct

pytestmark = pytest.mark.anyio
MESSAGES, CHAT, RESPONSES = "/v1/messages", "/v1/chat/completions", "/v1/responses"
SEARCH = [{"type": "web_search_20250305", "name": "web_search"}]
OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "x", "schema": OBJECT}}
LOOK_UP = "Search the web for otters"


class Case(Struct, frozen=True):
    """A request, and what Kiro does at first."""

    path: str
    body: dict[str, Any]
    ordered: str = ""


def asked(text: str = "Hello", *, stream: bool = False, **more: Any) -> dict[str, Any]:
    said = [{"role": "user", "content": text}]
    body = {"model": "claude-sonnet-4.5", "max_tokens": 500, "messages": said, "stream": stream}
    return {**body, **more}


CASES = {
    "whole": Case(MESSAGES, asked()),
    "streamed": Case(CHAT, asked(stream=True)),
    "responses": Case(RESPONSES, {"model": "auto", "input": "Hello", "stream": True}),
    "cut": Case(MESSAGES, asked(stream=True, stop_sequences=["e"])),
    "cut whole": Case(CHAT, asked(stop=["e"])),
    "asked anew": Case(
        CHAT, asked("[[sim:text say=no]] Hello", stream=True, response_format=FORMAT)
    ),
    "searched": Case(MESSAGES, asked(LOOK_UP, stream=True, tools=SEARCH)),
    "searched whole": Case(MESSAGES, asked(LOOK_UP, tools=SEARCH)),
    "tried again": Case(CHAT, asked(stream=True), "unexpected"),
    "token renewed": Case(MESSAGES, asked(), "expired"),
}
WAYS = {
    "cancelled": ("cancel",),
    "cancelled twice": ("cancel", "cancel"),
    "left": ("leave",),
    "left, then cancelled": ("leave", "cancel"),
    "left, then ended": ("leave", "end"),
    "ended": ("end",),
    "ended, then left": ("end", "leave"),
    "ended, then cancelled": ("end", "cancel"),
}
ALL = [(case, way) for case in CASES for way in WAYS]
SOME = [
    *(("whole", way) for way in ("cancelled twice", "left")),
    *(("streamed", way) for way in ("cancelled", "left, then cancelled", "ended")),
    *(("cut", way) for way in ("left", "ended, then left")),
    *(("asked anew", way) for way in ("left",)),
    *(("searched", way) for way in ("cancelled twice", "left")),
    *(("tried again", way) for way in ("left, then ended",)),
    *(("token renewed", way) for way in ("ended, then cancelled",)),
]


@pytest.mark.parametrize(("case", "way"), ALL if os.environ.get("KI2API_SWEEPS") else SOME)
async def test_wherever_it_is_cut_off_all_is_given_back(here: Any, case: str, way: str) -> None:
    asking, acts = CASES[case], WAYS[way]

    async def ask(*at: tuple[int, str]) -> int:
        here.simulator.order(asking.ordered, 1 if asking.ordered else 0)
        client = here.client(asking.path, asking.body)
        suspensions: int = await client.run(at)
        await here.settled()
        here.forget()
        here.is_as_before()
        assert client.ended or {"cancel", "leave"} & set(acts), client.text[-200:]
        return suspensions

    number, longest = 0, await ask()
    while number < longest:
        cut = [(number + later, act) for later, act in enumerate(acts)]
        longest = max(longest, await ask(*cut))
        number += 1
    assert number > 8

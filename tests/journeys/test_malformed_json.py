"""Bodies that are no JSON, or not the right one: each a 400 in the caller's own shape."""

from typing import Any

import pytest

MESSAGES = b'{"model": "claude-sonnet-4.5", "max_tokens": 9, "messages": %s}'
INPUT = b'{"model": "claude-sonnet-4.5", "input": %s}'
TURN = b'{"role": "user", "content": "a"}'
TOOL = {
    "/v1/chat/completions": b'{"type": "function", "function": {"name": "t%d"}}',
    "/v1/messages": b'{"name": "t%d", "input_schema": {"type": "object"}}',
    "/v1/responses": b'{"type": "function", "name": "t%d"}',
}
BROKEN = {
    "nothing": b"",
    "a space": b" ",
    "a bracket": b"{",
    "a cut string": b'{"model": "a',
    "a cut escape": b'{"model": "a\\',
    "a cut number": b'{"model": 1.',
    "a list": b"[]",
    "a string": b'"x"',
    "a number": b"1",
    "null": b"null",
    "two texts": b"{}{}",
    "something behind": b"{} x",
    "a comma too many": b'{"model": "a",}',
    "a comma too few": b'{"model": "a" "messages": []}',
    "no colon": b'{"model" "a"}',
    "a bare word": b'{"model": a}',
    "single quotes": b"{'model': 'a'}",
    "a comment": b'{"model": "a" /* b */}',
    "NaN": b'{"model": NaN}',
    "infinity": b'{"max_tokens": 1e400}',
    "a leading zero": b'{"max_tokens": 01}',
    "a number of 5,000 digits": b'{"max_tokens": ' + b"9" * 5000 + b"}",
    "half a surrogate pair": b'{"model": "\\ud800"}',
    "an unknown escape": b'{"model": "\\x41"}',
    "a raw control byte": b'{"model": "a\nb"}',
    "a NUL": b'{"model": "a"}\0',
    "bytes that are no UTF-8": b'{"model": "\xff\xfe"}',
    "an overlong slash": b'{"model": "\xc0\xaf"}',
    "UTF-16": '{"model": "a"}'.encode("utf-16"),
    "100,000 lists": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000,
    "a wrong type": b'{"model": 1}',
    "no fields": b"{}",
}


def valued(path: str, value: bytes) -> bytes:
    return (INPUT if path == "/v1/responses" else MESSAGES) % value


def tools(path: str, count: int) -> bytes:
    listed = b", ".join(TOOL[path] % number for number in range(count))
    return valued(path, b"[" + TURN + b"]")[:-1] + b', "tools": [' + listed + b"]}"


def shapes(path: str) -> dict[str, bytes]:
    return {
        **BROKEN,
        "content 65 deep": valued(path, b"[" * 64 + b"]" * 64),
        "10,001 turns": valued(path, b"[" + b", ".join([TURN] * 10_001) + b"]"),
        "257 tools": tools(path, 257),
        "4,097 tools": tools(path, 4097),
    }


@pytest.mark.parametrize("path", list(TOOL))
def test_whatever_is_no_request_is_a_400_in_the_callers_shape(house: Any, path: str) -> None:
    gateway, simulator = house
    before = len(simulator.requests)
    with gateway.http() as http:
        for name, body in shapes(path).items():
            answer = http.post(path, content=body, headers={"content-type": "application/json"})
            assert answer.status_code == 400, name
            error = answer.json()["error"]
            assert error["type"] == "invalid_request_error", name
            assert ("code" in error) == (path != "/v1/messages"), name
            assert len(answer.content) < 2000, name
    assert len(simulator.requests) == before
    assert "Traceback" not in gateway.text


@pytest.mark.parametrize("path", list(TOOL))
def test_a_list_that_is_too_long_is_named(house: Any, path: str) -> None:
    gateway, _ = house
    turns = "input" if path == "/v1/responses" else "messages"
    with gateway.http(headers={"x-api-key": "ki2api-key-2024"}) as http:
        for name, place in (
            ("10,001 turns", turns),
            ("257 tools", "tools"),
            ("4,097 tools", "tools"),
        ):
            kind = {"content-type": "application/json"}
            answer = http.post(path, content=shapes(path)[name], headers=kind)
            assert answer.json()["error"]["message"].startswith(f"{place}: "), name


@pytest.mark.parametrize("path", list(TOOL))
def test_as_many_tools_as_are_allowed_are_taken(house: Any, path: str) -> None:
    gateway, _ = house
    with gateway.http() as http:
        kind = {"content-type": "application/json"}
        assert http.post(path, content=tools(path, 256), headers=kind).status_code == 200

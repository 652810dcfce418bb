"""What is easily mistyped is told alike everywhere, with what was meant."""

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest

DIALECTS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "hi"}]},
    "/v1/messages": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 9},
    "/v1/responses": {"input": "hi"},
}


@pytest.fixture(scope="module")
def gateway(module_start: Callable[..., Any]) -> Any:
    return module_start(rest='[log]\nlevel = "debug"')


@pytest.fixture
def http(gateway: Any) -> Iterator[httpx.Client]:
    with gateway.http() as http:
        yield http


def test_a_model_that_there_is_not_is_told_in_the_same_words_everywhere(
    gateway: Any, http: httpx.Client
) -> None:
    for name, hint in (
        ("claude-sonet-4.5", ' - did you mean "claude-sonnet-4.5"?'),
        ("gpt-4o", "."),
        ("claude sonnet 4.5", ' - did you mean "claude-sonnet-4.5"?'),
    ):
        said = {
            http.post(path, json={"model": name, "stream": stream, **body}).json()["error"][
                "message"
            ]
            for path, body in DIALECTS.items()
            for stream in (False, True)
        }
        said.add("model: " + http.get(f"/v1/models/{name}").json()["error"]["message"])
        assert len(said) == 1
        assert said.pop() == (
            f"model: Kiro offers your accounts no model '{name}'{hint} GET /v1/models lists what"
            " there is; [[models]] in config.toml can make this name mean one of them."
        )
    turns: Any = [{"role": "user", "content": "hi"}]
    with pytest.raises(openai.NotFoundError, match="did you mean"):
        gateway.openai().chat.completions.create(model="claude-opus-9", messages=turns, stream=True)
    with pytest.raises(anthropic.NotFoundError, match="did you mean"):
        gateway.anthropic().messages.create(model="claude-opus-9", max_tokens=9, messages=turns)


@pytest.mark.parametrize("path", list(DIALECTS))
def test_a_body_that_is_no_request_is_told_what_it_must_be(http: httpx.Client, path: str) -> None:
    for body, fault in (
        ("", "the body is empty"),
        ("[]", "the body is of type array"),
        ("null", "the body is of type null"),
        ("3", "the body is of type integer"),
        ('""', "the body is of type string (was it made into JSON twice?)"),
    ):
        answer = http.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400
        wanted = "it must be a JSON object with the fields of the request"
        assert answer.json()["error"]["message"] == f"{fault}: {wanted}"


@pytest.mark.parametrize("path", list(DIALECTS))
def test_a_misspelt_field_is_named_in_the_log_and_harms_nothing(
    gateway: Any, http: httpx.Client, path: str
) -> None:
    field = f"temprature_{path[4]}"
    body = {"model": "claude-sonnet-4.5", **DIALECTS[path], field: 0.5}
    answer = http.post(path, json=body)
    assert answer.status_code == 200
    gateway.wait_for(f"normalize: the field '{field}' means nothing.*did you mean \"temperature\"")
    flow = answer.headers["x-request-id"].removeprefix("req_")
    told = [line for line in gateway.log if field in line]
    assert len(told) == 1
    assert flow in told[0]

"""The OpenAPI document of a running server, held against what that server does."""

from typing import Any

import httpx
import pytest

from tests.journeys.described import JSON, SSE, Described, data_of

ANTHROPIC = {"anthropic-version": "2023-06-01"}
POSTS = (
    "/v1/chat/completions",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/responses",
    "/v1/responses/compact",
    "/v1/responses/input_tokens",
    "/v1/token/reset",
)


@pytest.fixture
def http(house: Any) -> httpx.Client:
    gateway, _ = house
    client: httpx.Client = gateway.http()
    return client


@pytest.fixture
def described(http: httpx.Client) -> Described:
    return Described(http)


def test_the_document_wants_the_key_too(house: Any) -> None:
    gateway, _ = house
    with gateway.http(headers={}) as stranger:
        answer = stranger.get("/schema")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert b"openapi" not in answer.content


def test_either_key_header_of_the_document_opens_the_door(house: Any, described: Described) -> None:
    gateway, _ = house
    schemes = described.document["components"]["securitySchemes"]
    assert schemes["bearer"] == {"type": "http", "scheme": "bearer"}
    with gateway.http(headers={schemes["x-api-key"]["name"]: "ki2api-key-2024"}) as other:
        assert other.get("/v1/models").status_code == 200


@pytest.mark.parametrize("path", POSTS)
def test_the_examples_work_and_the_answers_are_as_described(
    http: httpx.Client, described: Described, path: str
) -> None:
    for name, body in described.examples(path).items():
        answer = http.post(path, json=body)
        assert answer.status_code == 200, name
        streamed = isinstance(body, dict) and body.get("stream", False)
        assert answer.headers["content-type"].startswith(SSE if streamed else JSON)
        described.check(answer, path, "post")


@pytest.mark.parametrize("headers", [{}, ANTHROPIC])
def test_every_get_answers_as_described(
    http: httpx.Client, described: Described, headers: dict[str, str]
) -> None:
    kept = http.post("/v1/responses", json=described.examples("/v1/responses")["whole"]).json()
    for path, item in described.document["paths"].items():
        if "get" not in item:
            continue
        url = path.format(model_id="claude-sonnet-4.5", response_id=kept["id"])
        answer = http.get(url, headers=headers)
        assert answer.status_code == 200, url
        described.check(answer, path, "get")


def test_a_get_is_answered_in_the_shape_that_the_header_chooses(
    http: httpx.Client, described: Described
) -> None:
    schemas = described.document["components"]["schemas"]
    openai, anthropic = schemas["OpenAIModelList"], schemas["AnthropicModelPage"]
    plain = http.get("/v1/models").json()
    other = http.get("/v1/models", headers=ANTHROPIC).json()
    assert described.faults(openai, plain) == []
    assert described.faults(anthropic, other) == []
    assert described.faults(openai, other)
    assert described.faults(anthropic, plain)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_errors_are_as_described(http: httpx.Client, described: Described, path: str) -> None:
    hello = described.examples(path)["whole"]
    text = {"content-type": "text/plain"}
    refused = hello["messages"][0] | {"content": [{"type": "video"}]}
    failing = hello["messages"][0] | {"content": "[[sim:garbage]] Hello"}
    for status, answer in {
        400: http.post(path, json={**hello, "messages": [refused]}),
        401: http.post(path, json=hello, headers={"authorization": "Bearer wrong"}),
        403: http.post(path, json=hello, headers={"origin": "https://evil.example"}),
        404: http.post(path, json={**hello, "model": "no such model!"}),
        405: http.get(path),
        415: http.post(path, content=b"{}", headers=text),
        502: http.post(path, json={**hello, "messages": [failing]}),
    }.items():
        assert answer.status_code == status
        described.check(answer, path, "post")


def test_a_body_that_the_server_refuses_is_refused_by_the_schema_too(
    http: httpx.Client, described: Described
) -> None:
    for path in POSTS[:3]:
        schema = described.body_of(path)
        hello = next(iter(described.examples(path).values()))
        for wrong in (
            {"messages": hello["messages"]},
            {**hello, "model": 1},
            {**hello, "messages": "Hello!"},
            {**hello, "messages": [{"role": "nobody", "content": "Hello!"}]},
            {**hello, "messages": [{"role": "user", "content": [{"type": "video"}]}]},
        ):
            assert http.post(path, json=wrong).status_code == 400
            assert described.faults(schema, wrong)


def test_every_example_is_as_its_own_schema_says(described: Described) -> None:
    seen = 0
    for item in described.document["paths"].values():
        for operation in item.values():
            bodies = [*operation["responses"].values(), operation.get("requestBody", {})]
            for content in (body.get("content", {}) for body in bodies):
                for kind, media in content.items():
                    for example in media.get("examples", {}).values():
                        value, schema = example["value"], media["schema"]
                        if kind == SSE:
                            value, schema = data_of(value), schema["contentSchema"]
                        assert described.faults(schema, value) == []
                        seen += 1
    assert seen > 50


def test_a_broken_stream_is_as_described(http: httpx.Client, described: Described) -> None:
    for path in ("/v1/chat/completions", "/v1/messages"):
        hello = described.examples(path)["stream"]
        broken = hello["messages"][0] | {"content": "[[sim:truncated at=800]] Hello"}
        answer = http.post(path, json={**hello, "messages": [broken]})
        assert '"error"' in answer.text
        described.check(answer, path, "post")

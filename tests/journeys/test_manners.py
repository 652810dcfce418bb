"""What clients rely on beside the routes: nearly right paths, probes, and names of models."""

import socket
from typing import Any
from urllib.parse import urlsplit

import anthropic
import httpx
import openai
import pytest

ASK: dict[str, Any] = {
    "model": "claude-sonnet-4.5",
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "Hello"}],
}
ANTHROPIC = {"anthropic-version": "2023-06-01", "anthropic-beta": "a,b"}
KEY = "ki2api-key-2024"


@pytest.fixture
def http(house: Any) -> httpx.Client:
    gateway, _ = house
    client: httpx.Client = gateway.http()
    return client


def test_sdks_whose_base_url_has_a_version_too_many_or_none_are_served(house: Any) -> None:
    gateway, _ = house
    for base in ("", "/", "/v1/", "/v1/v1"):
        client: openai.OpenAI = gateway.openai(base_url=gateway.url + base)
        reply = client.chat.completions.with_raw_response.create(**ASK)
        assert "Hello" in (reply.parse().choices[0].message.content or "")
        assert ("x-ki2api-hint" in reply.headers) == (base != "/v1/")
    for base in ("/", "/v1", "/v1/"):
        other: anthropic.Anthropic = gateway.anthropic(base_url=gateway.url + base)
        assert other.messages.create(**ASK).content[0].type == "text"
        with other.messages.stream(**ASK) as stream:
            assert "Hello" in stream.get_final_text()


@pytest.mark.parametrize("path", ["/v1/v1/messages", "/messages", "//v1/messages", "/v1/messages/"])
def test_a_path_that_was_put_right_wants_the_key_as_well(house: Any, path: str) -> None:
    gateway, _ = house
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n"
    answer = said(gateway, head)
    assert answer.startswith("HTTP/1.1 401 ")
    assert '"type":"error"' in answer  # in the dialect of the path that is served
    answer = said(gateway, f"{head}authorization: Bearer {KEY}\r\norigin: https://evil.example\r\n")
    assert answer.startswith("HTTP/1.1 403 ")


def said(gateway: Any, head: str) -> str:
    """Send a head as it is, which no client would, and return the whole answer."""
    address = urlsplit(gateway.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as wire:
        wire.sendall(f"{head}\r\n".encode())
        return b"".join(iter(lambda: wire.recv(65536), b"")).decode()


@pytest.mark.parametrize("path", ["//evil.example", "//evil.example/v1/messages", "/v1/../health"])
def test_no_path_leads_elsewhere(house: Any, path: str) -> None:
    gateway, _ = house
    answer = said(gateway, f"GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n")
    assert answer.startswith("HTTP/1.1 404 ")
    assert "location:" not in answer.lower()


def test_the_front_page_needs_no_key_and_tells_nothing_of_this_gateway(
    house: Any, start: Any, simulator: Any
) -> None:
    gateway, _ = house
    simulator.add_account("secret-name")
    other = start(simulator, environ={"API_KEY": "sk-of-my-own"})
    pages = [httpx.get(each.url, trust_env=False) for each in (gateway, other)]
    assert [page.status_code for page in pages] == [200, 200]
    assert pages[0].json() == pages[1].json()
    assert "POST /v1/messages" in pages[0].json()["routes"]


@pytest.mark.parametrize("path", ["/", "/v1/models", "/health", "/models"])
def test_head_is_answered_wherever_get_is(http: httpx.Client, path: str) -> None:
    head, get = http.head(path), http.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))
    assert http.head("/v1/messages").status_code == 405


def test_head_wants_the_key_where_get_does(house: Any) -> None:
    gateway, _ = house
    assert httpx.head(f"{gateway.url}/v1/models", trust_env=False).status_code == 401


def test_telemetry_of_claude_code_is_taken_and_not_kept(house: Any, http: httpx.Client) -> None:
    path, events = "/api/event_logging/batch", {"events": [{"event_type": "x"}]}
    assert http.post(path, json=events, headers=ANTHROPIC).json() == {"kept": 0}
    large = {"content-type": "application/json"}
    assert http.post(path, content=b" " * (32 * 2**20 + 1), headers=large).status_code == 413
    gateway, _ = house
    assert httpx.post(gateway.url + path, json=events, trust_env=False).status_code == 401


def test_two_keys_that_differ_open_nothing(http: httpx.Client) -> None:
    assert http.get("/v1/models", headers={"x-api-key": KEY}).status_code == 200
    assert http.get("/v1/models", headers={"x-api-key": "another"}).status_code == 401


def test_claude_code_finds_every_model_by_a_name_that_it_keeps(http: httpx.Client) -> None:
    page = http.get("/v1/models?limit=1000", headers=ANTHROPIC).json()
    kept = [each["id"] for each in page["data"] if each["id"].startswith(("claude", "anthropic"))]
    assert {"claude-opus-5", "anthropic/gpt-5.6-sol", "anthropic/auto"} <= set(kept)
    plain = [each["id"] for each in http.get("/v1/models").json()["data"]]
    assert "auto-kiro" in plain
    assert not [each for each in plain if each.startswith("anthropic")]


@pytest.mark.parametrize(
    ("name", "served"),
    [
        ("anthropic/gpt-5.6-sol", "gpt-5.6-sol"),
        ("anthropic/claude-sonnet-4-5", "claude-sonnet-4.5"),
        ("openai/claude-sonnet-4.5", "claude-sonnet-4.5"),
        ("auto-kiro", "auto"),
    ],
)
def test_names_of_other_catalogues_are_served_and_answered_by_themselves(
    house: Any, name: str, served: str
) -> None:
    gateway, _ = house
    client: anthropic.Anthropic = gateway.anthropic()
    reply = client.messages.create(**{**ASK, "model": name})
    assert reply.model == name
    assert f"playing {served};" in reply.content[0].text
    assert client.models.retrieve(name).id == served

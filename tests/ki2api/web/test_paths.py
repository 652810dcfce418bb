"""Paths that are put right before a route is chosen."""

from typing import Any, cast

import pytest

from ki2api.app import create_app
from ki2api.web.paths import LenientPaths

pytestmark = pytest.mark.anyio
ROUTES = create_app().routes


class App:
    """Answers everything, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, _: Any, send: Any) -> None:
        self.asked.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": b"text", "more_body": False})

    async def ask(self, path: str, method: str = "POST") -> dict[str, Any]:
        async def send(message: Any) -> None:
            self.sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "raw_path": b"raw"}
        await LenientPaths(self, ROUTES)(cast("Any", scope), cast("Any", None), send)
        assert (scope["path"], scope["method"]) == (path, method)
        return self.asked[-1]

    @property
    def hint(self) -> str:
        headers: dict[bytes, bytes] = dict(self.sent[0]["headers"])
        return headers.get(b"x-ki2api-hint", b"").decode()


@pytest.mark.parametrize(
    ("path", "served", "hint"),
    [
        ("/v1/v1/messages", "/v1/messages", "one /v1 too many"),
        ("/v1/v1/v1/chat/completions/", "/v1/chat/completions", "one /v1 too many"),
        ("/messages", "/v1/messages", "should end in /v1"),
        ("/messages/count_tokens", "/v1/messages/count_tokens", "should end in /v1"),
        ("/chat/completions", "/v1/chat/completions", "should end in /v1"),
        ("/models/a/b", "/v1/models/a/b", "should end in /v1"),
        ("//v1/messages", "/v1/messages", ""),
        ("/v1//messages//", "/v1/messages", ""),
        ("/health/", "/health", ""),
        ("//evil.example/v1/messages", "/evil.example/v1/messages", ""),
        ("//", "/", ""),
    ],
)
async def test_a_path_that_is_nearly_right_is_put_right(path: str, served: str, hint: str) -> None:
    app = App()
    asked = await app.ask(path)
    assert (asked["path"], asked["raw_path"]) == (served, served.encode())
    assert hint in app.hint
    assert bool(app.hint) == bool(hint)
    assert [message.get("body") for message in app.sent] == [None, b"text"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1/messages",
        "/v1/./messages",
        "/v1/x/../messages",
        "/v2/messages",
        "/xmodels",
        "/v1",
        "/schema",
        "/api/event_logging/batch",
    ],
)
async def test_any_other_path_stays_as_it_is(path: str) -> None:
    app = App()
    assert (await app.ask(path))["raw_path"] == b"raw"
    assert app.hint == ""


async def test_head_is_get_without_its_body() -> None:
    app = App()
    assert (await app.ask("/v1/models", "HEAD"))["method"] == "GET"
    assert [message.get("body") for message in app.sent] == [None, b""]
    assert app.sent[0]["headers"] == [(b"a", b"b")]

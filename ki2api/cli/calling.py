"""Calls of the command line to the gateway that runs on this machine."""

from typing import Any

import httpx
import msgspec
import rich_click as click

from ki2api.cli.running import base_url, stop
from ki2api.keys import DEFAULT_KEY
from ki2api.settings import Loaded

URL_HELP = "Address of the gateway; otherwise the one of the settings."
SECONDS = 5.0


def gateway_url(loaded: Loaded, url: str | None) -> str:
    """Return where the gateway is."""
    server = loaded.settings.server
    return url.rstrip("/") if url else base_url(server.host, server.port)


def call(loaded: Loaded, method: str, url: str) -> Any:
    """Call the gateway and decode its answer, or end the command saying why not."""
    keys = loaded.settings.server.api_keys
    key = keys[0].reveal() if keys else DEFAULT_KEY
    try:
        answer = httpx.request(
            method, url, headers={"x-api-key": key}, timeout=SECONDS, trust_env=False
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        stop(
            f"no gateway answers at {url}: {error}; is `ki2api serve`"
            " running, or on another port (--url http://127.0.0.1:PORT)?",
            1,
        )
    if answer.is_error:
        stop(f"{url} answers {answer.status_code}: {_reason(answer)}", 1)
    return msgspec.json.decode(answer.content)


def _reason(answer: httpx.Response) -> str:
    try:
        return str(msgspec.json.decode(answer.content)["error"]["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return click.unstyle(answer.text[:200])

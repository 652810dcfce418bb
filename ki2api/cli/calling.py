"""Calls of the command line to the gateway that runs on this machine."""

import os
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import httpx
import msgspec
import rich_click as click
from click import get_current_context
from msgspec import Struct

from ki2api.cli.chosen import config_option, loaded_from, told_in_a_line
from ki2api.cli.words import base_url, stop
from ki2api.keys import DEFAULT_KEY
from ki2api.settings import Loaded, Settings, overridden
from pipeline import PipelineError, Secret

SECONDS = 30.0
"""For an answer: the gateway may have to ask Kiro."""
SET_KEY = "set API_KEY to a key that the gateway was started with"
NO_KI2API = "is no Ki2API: try another --url or --port"


class Door(Struct, frozen=True):
    """Where the running gateway is, and the key that opens it; empty where none is known."""

    url: str
    key: Secret

    def call(self, method: str, path: str, **query: str) -> Any:
        """Call the gateway and decode its answer, or end the command saying why not."""
        try:
            answer = self.ask(method, path, **query)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            ask = "is `ki2api serve` running, or on another port (--port N)?"
            stop(f"no gateway answers at {self.url}: {why}; {ask}", 1)
        try:
            told = msgspec.json.decode(answer.content)
            reason = str(told["error"]["message"]) if answer.is_error else ""
        except (msgspec.DecodeError, KeyError, TypeError):
            stop(f"what answers {answer.status_code} at {self.url} {NO_KI2API}", 1)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            stop(f"the gateway at {self.url} does not take this key: {SET_KEY}", 1)
        if answer.status_code == httpx.codes.NOT_FOUND:  # what was typed names no account
            stop(click.unstyle(reason), 1)
        if answer.is_error:
            stop(f"{self.url}{path} answers {answer.status_code}: {click.unstyle(reason)}", 1)
        return told

    def ask(self, method: str, path: str, **query: str) -> httpx.Response:
        """Call the gateway; raises httpx.HTTPError. What is empty is left out of the query."""
        return httpx.request(
            method,
            self.url + path,
            params={name: value for name, value in query.items() if value},
            headers={"x-api-key": self.key.reveal()},
            timeout=SECONDS,
            trust_env=False,
        )


def door_of(loaded: Loaded, url: str | None = None, port: int | None = None) -> Door:
    """Return the door of the gateway at an address, at a port here, or as the settings say."""
    server = loaded.settings.server
    # Of named keys the settings hold only hashes.
    usual = Secret("" if loaded.settings.keys else DEFAULT_KEY)
    key = server.api_keys[0] if server.api_keys else usual
    return Door(url or base_url(server.host, server.port if port is None else port), key)


def door_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where the gateway is, and the argument `door`."""

    @config_option
    @click.option("--url", callback=_address, help="Address of the gateway.")
    @click.option("--port", type=click.IntRange(1, 65535), help="Port of the gateway, here.")
    @wraps(command)
    def with_door(
        *args: Any, config: Path | None, url: str | None, port: int | None, **options: Any
    ) -> Any:
        if url and port:
            raise click.UsageError("--url and --port say the same: choose one")
        door = get_current_context().obj  # of the command above this one
        if config or url or port or not isinstance(door, Door):
            with told_in_a_line():
                door = door_of(_settings(config, named=bool(url or port)), url, port)
        return command(*args, door=door, **options)

    return with_door


def _settings(config: Path | None, *, named: bool) -> Loaded:
    """Read the settings; who has named the gateway needs none, and gets the defaults instead."""
    try:
        return loaded_from(config)
    except PipelineError as error:
        if not named:
            raise
        click.echo(f"ki2api: warning: without your settings: {error}", err=True)
        return Loaded(overridden(Settings(), os.environ))


def _address(_context: click.Context, _option: click.Parameter, url: str | None) -> str | None:
    """Read an address as people write it: without a scheme, or as clients have it, with /v1."""
    if not url:
        return None
    whole = url if "://" in url else f"http://{url}"
    if not re.fullmatch(r"https?://(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:\d{1,5})?(/[\w./-]*)?", whole):
        raise click.BadParameter(f"{url!r} is no address such as http://127.0.0.1:8989")
    return whole.rstrip("/").removesuffix("/v1").rstrip("/")

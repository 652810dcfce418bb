"""`ki2api serve`: serve your own accounts."""

import os
from collections.abc import Callable
from pathlib import Path

import loguru
import rich_click as click

from ki2api.cli import logs
from ki2api.cli.chosen import (
    accounts_of,
    config_option,
    loaded_from,
    told_in_a_line,
    with_address,
)
from ki2api.cli.running import listen, run, serve_until_stopped
from ki2api.reload.reloader import Force, Origins, tell_accounts
from ki2api.settings import Loaded, file_places


@click.command()
@config_option
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 8989]")
def serve(config: Path | None, host: str | None, port: int | None) -> None:
    """Serve your own Kiro accounts.

    Settings, stages and logins that change are taken up without a restart, at once on SIGHUP.
    """
    origins = Origins(
        read=lambda: with_address(loaded_from(config), host, port),
        find=accounts_of,
        places=file_places(os.environ, config),
    )
    with told_in_a_line():
        loaded = origins.read()
        logs.configure(loaded.settings.log)
        run(_serve(origins, loaded))


async def _serve(origins: Origins, loaded: Loaded) -> None:
    server = loaded.settings.server
    listening = listen(server.host, server.port)
    ready = _ready(server.host)
    if loaded.settings.upstream.kind == "simulator":
        from ki2api.cli.simulated import serve_simulated  # all of a simulated Kiro

        await serve_simulated(origins, listening, ready)
        return
    found = origins.find(loaded)
    for warning in found.warnings:
        loguru.logger.warning("{}", warning)
    tell_accounts(found)
    await serve_until_stopped(Force(loaded, found), origins, listening, ready)


def _ready(host: str) -> Callable[[str], None]:
    every = host in {"0.0.0.0", "::"}  # noqa: S104 - told, not bound
    reach = f", and on every other address of this machine ({host})" if every else ""

    def say(url: str) -> None:
        loguru.logger.info("serving on {} (OpenAI: {}/v1){}", url, url, reach)

    return say

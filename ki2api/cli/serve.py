"""`ki2api serve`: serve your own accounts."""

from collections.abc import Callable
from pathlib import Path

import loguru
import msgspec
import rich_click as click

from ki2api.accounts.sources import Found
from ki2api.cli import logs
from ki2api.cli.chosen import accounts_of, config_option, loaded_from, told_in_a_line
from ki2api.cli.running import listen, run, serve_until_stopped
from ki2api.cli.simulated import embedded
from ki2api.settings import Loaded

NO_ACCOUNT = (
    "no account is configured, so requests are answered with an error: log in to the Kiro IDE, or"
    " set KIRO_API_KEY, KIRO_REFRESH_TOKEN or KIRO_AUTH_CONFIG, or add [[accounts]] to config.toml"
)


@click.command()
@config_option
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 8989]")
def serve(config: Path | None, host: str | None, port: int | None) -> None:
    """Serve your own Kiro accounts."""
    with told_in_a_line():
        loaded = _with(loaded_from(config), host, port)
        logs.configure(loaded.settings.log)
        run(_serve(loaded))


async def _serve(loaded: Loaded) -> None:
    settings = loaded.settings
    listening = listen(settings.server.host, settings.server.port)
    ready = _ready(settings.server.host)
    if settings.upstream.kind == "simulator":
        async with embedded(loaded) as (simulated, found):
            await serve_until_stopped(simulated, found, listening, ready)
        return
    found = accounts_of(loaded)
    _say_found(found)
    await serve_until_stopped(loaded, found, listening, ready)


def _say_found(found: Found) -> None:
    for warning in found.warnings:
        loguru.logger.warning(warning)
    if found.credentials:
        names = ", ".join(credential.name for credential in found.credentials)
        loguru.logger.info("accounts from {}: {}", found.place, names)
    else:
        loguru.logger.warning(NO_ACCOUNT)


def _ready(host: str) -> Callable[[str], None]:
    every = host in {"0.0.0.0", "::"}  # noqa: S104 - told, not bound
    reach = f", and on every other address of this machine ({host})" if every else ""

    def say(url: str) -> None:
        loguru.logger.info("serving on {} (OpenAI: {}/v1){}", url, url, reach)

    return say


def _with(loaded: Loaded, host: str | None, port: int | None) -> Loaded:
    server = loaded.settings.server
    server = msgspec.structs.replace(
        server,
        host=server.host if host is None else host,
        port=server.port if port is None else port,
    )
    settings = msgspec.structs.replace(loaded.settings, server=server)
    return msgspec.structs.replace(loaded, settings=settings)

"""`ki2api demo`: try the gateway without any account."""

import os
import sys
from pathlib import Path
from shutil import which

import rich_click as click
from msgspec.structs import replace

from ki2api.accounts.sources import Found
from ki2api.cli import logs
from ki2api.cli.chosen import told_in_a_line, with_address
from ki2api.cli.running import listen, run
from ki2api.cli.simulated import serve_simulated
from ki2api.keys import DEFAULT_KEY
from ki2api.reload.reloader import Origins
from ki2api.settings import Loaded, Settings, find_file, load, overridden

CONFIG = "Settings file, such as one with a pipeline to try; its accounts are not used."

SCREEN = """
Ki2API demo: answers come from a simulator inside this process. No Kiro account is used or needed.

  OpenAI base URL     {url}/v1
  Anthropic base URL  {url}
  API key             {key}

Paste this into another terminal{first}:

  curl {url}/v1/chat/completions \\
    -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\
    -d '{{"model": "claude-sonnet-4.5", "stream": true,
         "messages": [{{"role": "user", "content": "Hello!"}}]}}'

Your own account: log in to the Kiro IDE on this machine (its token file is found by itself), or
  {login:<42} # in your browser; or
  export KIRO_API_KEY=ksk_...                # a key from app.kiro.dev; or
  export KIRO_AUTH_CONFIG='[{{"refreshToken": "...", "name": "me"}}]'
then stop this with Ctrl+C and run:  {command} serve
{passed}
Unofficial: not made or endorsed by AWS or Kiro. Use your own account, and read its terms first.
"""


@click.command()
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=CONFIG)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 8989]")
def demo(config: Path | None, host: str | None, port: int | None) -> None:
    """Serve the embedded simulator: no account is needed or read."""
    origins = Origins(
        read=lambda: with_address(_settings(config), host, port),
        find=lambda _: Found(),
        places=(config,) if config else (),
    )
    with told_in_a_line():
        loaded = origins.read()
        logs.configure(loaded.settings.log)
        run(_demo(origins, loaded))


def _settings(config: Path | None) -> Loaded:
    """Read the settings of a file that was named, and of no other."""
    loaded = load(os.environ, config) if config else Loaded(overridden(Settings(), os.environ))
    upstream = replace(loaded.settings.upstream, kind="simulator")
    return replace(loaded, settings=replace(loaded.settings, upstream=upstream))


def _passed_over(places: tuple[Path, ...], url: str) -> str:
    """Say which settings file the other commands would read here, and the demo does not."""
    other = None if places else find_file(os.environ, None)
    if other is None:
        return ""
    ask = f"ki2api accounts --url {url}"
    return f"\n{other} is not read; --config {other} uses it. To ask this demo:  {ask}\n"


def _called_by() -> str:
    """Return what to type for this program: its path where the shell would not find its name."""
    path = sys.argv[0]
    return path if Path(path).name == "ki2api" and not which("ki2api") else "ki2api"


async def _demo(origins: Origins, loaded: Loaded) -> None:
    server = loaded.settings.server
    listening = listen(server.host, server.port)
    keys = [key.reveal() for key in server.api_keys]
    own_key = any(key != DEFAULT_KEY for key in keys) or bool(loaded.settings.keys)
    key = "$KI2API_KEY" if own_key else DEFAULT_KEY

    first = " (there first: export KI2API_KEY=<your key>)" if own_key else ""

    def say(url: str) -> None:
        words = {
            "url": url,
            "key": key,
            "first": first,
            "command": (command := _called_by()),
            "login": f"{command} login",
            "passed": _passed_over(origins.places, url),
        }
        click.echo(SCREEN.format(**words))

    await serve_simulated(origins, listening, say)

"""`ki2api demo`: try the gateway without any account."""

import os

import rich_click as click
from msgspec.structs import replace

from ki2api.cli import logs
from ki2api.cli.chosen import told_in_a_line
from ki2api.cli.running import listen, run, serve_until_stopped
from ki2api.cli.simulated import embedded
from ki2api.keys import DEFAULT_KEY
from ki2api.settings import Loaded, Settings, overridden

SCREEN = """
Ki2API demo: answers come from a simulator inside this process. No Kiro account is used or needed.

  OpenAI base URL     {url}/v1
  Anthropic base URL  {url}
  API key             {key}

Paste this into another terminal:

  curl {url}/v1/chat/completions \\
    -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\
    -d '{{"model": "claude-sonnet-4.5", "stream": true,
         "messages": [{{"role": "user", "content": "Hello!"}}]}}'

Your own account: log in to the Kiro IDE on this machine (its token file is found by itself), or
  export KIRO_API_KEY=ksk_...                                       # a key from app.kiro.dev; or
  export KIRO_AUTH_CONFIG='[{{"refreshToken": "...", "name": "me"}}]'
then stop this with Ctrl+C and run:  ki2api serve

Unofficial: not made or endorsed by AWS or Kiro. Use your own account, and read its terms first.
"""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8989, show_default=True, help="Port."
)
def demo(host: str, port: int) -> None:
    """Serve the embedded simulator: no account is needed or read."""
    with told_in_a_line():
        settings = overridden(Settings(), os.environ)
        logs.configure(settings.log)
        server = replace(settings.server, host=host, port=port)
        run(_demo(Loaded(replace(settings, server=server))))


async def _demo(loaded: Loaded) -> None:
    server = loaded.settings.server
    listening = listen(server.host, server.port)
    own_key = any(key.reveal() != DEFAULT_KEY for key in server.api_keys)
    key = "$API_KEY" if own_key else DEFAULT_KEY

    def say(url: str) -> None:
        click.echo(SCREEN.format(url=url, key=key))

    async with embedded(loaded) as (simulated, found):
        await serve_until_stopped(simulated, found, listening, say)

"""`ki2api keys`: keys of one's own in place of the default one."""

from secrets import token_urlsafe

import rich_click as click


@click.group()
def keys() -> None:
    """Make keys that clients send."""


@keys.command()
def new() -> None:
    """Print a new random key, and how to put it in force."""
    click.echo(f"sk-ki2api-{token_urlsafe(32)}")
    click.echo(
        "Put it in force: export API_KEY=... before `ki2api serve`, or [server] api-keys"
        ' = ["file:PATH"] in config.toml.',
        err=True,
    )

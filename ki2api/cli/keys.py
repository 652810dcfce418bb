"""`ki2api keys`: keys of one's own in place of the default one."""

from secrets import token_urlsafe

import rich_click as click

from ki2api.keys import NamedKey, hashed
from pipeline import Secret

UNNAMED = (
    "Put it in force: export API_KEY=... before `ki2api serve`, or [server] api-keys"
    ' = ["file:PATH"] in config.toml.'
)
NAMED = """\
It is shown this once. Put it in force by its hash, in config.toml:

[[keys]]
name = "{}"
hash = "{}"
"""


@click.group()
def keys() -> None:
    """Make keys that clients send."""


@keys.command()
@click.option("--name", help="Whose key it is; the log calls it so.")
def new(name: str | None) -> None:
    """Print a new random key, and how to put it in force.

    With a name the settings need its hash only.
    """
    key = f"sk-ki2api-{token_urlsafe(32)}"
    made = NamedKey(name or "unnamed", hashed(Secret(key)))
    if "name" in made.faults:
        raise click.BadParameter(made.faults["name"], param_hint="--name")
    click.echo(key)
    click.echo(NAMED.format(made.name, made.hash) if name else UNNAMED, err=True)

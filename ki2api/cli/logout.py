"""`ki2api logout`: forget a login that `ki2api login` kept."""

from pathlib import Path

import rich_click as click

from ki2api.cli.chosen import config_option, loaded_from, told_in_a_line
from ki2api.cli.kept import logins_of, told_if_unwritable
from ki2api.cli.words import stop


@click.command()
@click.argument("name")
@config_option
def logout(name: str, config: Path | None) -> None:
    """Forget a login; accounts from other places are not touched."""
    with told_in_a_line():
        logins = logins_of(loaded_from(config))
        with told_if_unwritable(logins):
            removed = logins.remove(name)
        if not removed:
            names = ", ".join(login.name for login in logins.all())
            kept = f"kept are: {names}" if names else "none is kept"
            stop(f"there is no login {name}; {kept}", 1)
    click.echo(f"Forgot the login {name}. A gateway that is running drops the account by itself.")

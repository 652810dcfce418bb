"""`ki2api health`: does the gateway answer? The container's HEALTHCHECK runs it."""

from pathlib import Path

import rich_click as click

from ki2api.cli.calling import URL_HELP, call, gateway_url
from ki2api.cli.chosen import config_option, loaded_from, told_in_a_line


@click.command()
@config_option
@click.option("--url", help=URL_HELP)
def health(config: Path | None, url: str | None) -> None:
    """Say whether the gateway answers; the exit status is 1 when it does not.

    A degraded gateway answers, and no restart would mend it: the status is 0, the reason told.
    """
    with told_in_a_line():
        loaded = loaded_from(config)
    told = call(loaded, "GET", f"{gateway_url(loaded, url)}/health")
    ready = f"{told['accounts_ready']} of {told['accounts']} accounts ready"
    click.echo("; ".join([told["status"], ready, *told["reasons"]]))

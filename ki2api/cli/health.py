"""`ki2api health`: does the gateway answer? The container's HEALTHCHECK runs it."""

import rich_click as click

from ki2api.cli.calling import Door, door_options


@click.command()
@door_options
def health(door: Door) -> None:
    """Say whether the gateway answers; the exit status is 1 when it does not.

    A degraded gateway answers, and no restart would mend it: the status is 0, the reason told.
    """
    told = door.call("GET", "/health")
    ready = f"{told['accounts_ready']} of {told['accounts']} accounts ready"
    click.echo("; ".join([told["status"], ready, *told["reasons"]]))

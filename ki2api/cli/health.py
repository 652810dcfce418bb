"""`ki2api health`: does the gateway answer? The container's HEALTHCHECK runs it."""

import rich_click as click

from ki2api.cli.calling import Door, door_options


@click.command()
@door_options
@click.option("--ready", is_flag=True, help="Whether it would also serve a request now.")
def health(door: Door, *, ready: bool) -> None:
    """Say whether the gateway answers; the exit status is 1 when it does not.

    A degraded gateway answers, and no restart would mend it: the status is 0, the reason told. With
    --ready, the status is 1 where a request would not be served.
    """
    if ready:
        door.call("GET", "/health/ready")
    told = door.call("GET", "/health")
    accounts = f"{told['accounts_ready']} of {told['accounts']} accounts ready"
    click.echo("; ".join([told["status"], accounts, *told["reasons"]]))

"""`ki2api connect`: what to tell a client so that it uses this gateway."""

from collections.abc import Iterator

import rich_click as click

from ki2api.cli.calling import Door, door_options
from ki2api.cli.connections import CONNECTIONS, Address, Connection
from ki2api.keys import DEFAULT_KEY
from pipeline.errors import did_you_mean

MODEL = "claude-sonnet-4.5"
OWN_KEY = "Your own key is not shown: put it {}. With --show-key it stands there itself."
HASHED = (
    "Your settings know keys by their hashes only: put one {}. With --key KEY it stands there"
    " itself."
)
PLACES = {"KI2API_KEY": "into the variable KI2API_KEY", "YOUR-KEY": "in place of YOUR-KEY"}


class Client(click.Choice[str]):
    """The name of a client; a misspelt one is told the nearest."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, or fail with what may have been meant."""
        name = "-".join(value.lower().split())
        if name in self.choices:
            return name
        hint = did_you_mean(name, self.choices) or "."
        return self.fail(f"{value!r} is no client{hint} `ki2api connect` lists them.", param, ctx)


@click.command()
@click.argument("client", required=False, type=Client(list(CONNECTIONS)), metavar="[CLIENT]")
@click.option("--model", default=MODEL, show_default=True, help="The model that it should use.")
@click.option("--key", help="The key to write down, in place of the one in the settings.")
@click.option("--show-key", is_flag=True, help="Show a key of your own, too.")
@door_options
def connect(door: Door, client: str | None, model: str, key: str | None, *, show_key: bool) -> None:
    """Print the settings of a CLIENT for this gateway; without one, list the clients.

    Nothing is asked of the gateway and nothing is written.
    """
    if client is None:
        click.echo(listed())
        return
    own = key or door.key.reveal()
    shown = own if own and (show_key or key or own == DEFAULT_KEY) else None
    text = "\n".join(told(CONNECTIONS[client], Address(door.url, model, shown)))
    click.echo(text)
    if shown is None:
        places = " and ".join(place for word, place in PLACES.items() if word in text)
        click.echo(f"\n{(OWN_KEY if own else HASHED).format(places)}")


def listed() -> str:
    """List the clients by name."""
    rows = (f"  {name:<17} {connection.title}" for name, connection in CONNECTIONS.items())
    return "\n".join(["Clients, for `ki2api connect CLIENT`:", "", *rows])


def told(connection: Connection, address: Address) -> Iterator[str]:
    """Say a client's settings, line by line, so that each text can be copied as it stands."""
    yield connection.title
    for piece in connection.pieces:
        yield from ("", f"{piece.where.replace('`', '')}:", "", address.put_into(piece))
    if connection.note:
        yield from ("", connection.note.replace("<url>", address.url))

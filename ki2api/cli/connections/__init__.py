"""What each client must be told to use the gateway: one table for `ki2api connect` and the page.

In every text `<url>` stands for the gateway's address, `<key>` for its key, `<model>` for a model
and `<window>` for the tokens that it takes at once.
"""

from collections.abc import Mapping

from ki2api.cli.connections.agents import AGENTS
from ki2api.cli.connections.apps import APPS
from ki2api.cli.connections.connection import Address, Connection, Piece
from ki2api.cli.connections.sdks import SDKS

__all__ = ["CONNECTIONS", "Address", "Connection", "Piece"]

CONNECTIONS: Mapping[str, Connection] = {**AGENTS, **APPS, **SDKS}
"""Every client by the name that it has on the command line."""

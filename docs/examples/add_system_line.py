"""Adds a line to the system text of every request.

In config.toml:

    [[pipeline]]
    stage = "./add_system_line.py"
    after = "normalize"
    line = "Answer in one sentence."
"""

from msgspec.structs import replace

from ki2api.conversation import TextPart
from ki2api.flow import GatewayFlow
from pipeline import StageConfig

requires = {"conversation"}


class Config(StageConfig, frozen=True):
    """What to add."""

    line: str


def request(flow: GatewayFlow, config: Config) -> None:
    """Put the line last, once: a stage inside `retry` runs again with every attempt."""
    line, system = TextPart(config.line), flow.conversation.system
    if line not in system:
        flow.conversation = replace(flow.conversation, system=(*system, line))

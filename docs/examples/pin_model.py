"""Lets a header choose the model, for tools whose model cannot be set.

In config.toml:

    [[pipeline]]
    stage = "./pin_model.py"
    after = "normalize"          # before "route", which reads the model's name
    header = "x-pin-model"

Claude Code sends it with `export ANTHROPIC_CUSTOM_HEADERS="x-pin-model: claude-haiku-4.5"`.
"""

from msgspec.structs import replace

from ki2api.flow import GatewayFlow
from pipeline import StageConfig

requires = {"request", "conversation"}


class Config(StageConfig, frozen=True):
    """Where the model's name stands."""

    header: str = "x-pin-model"


def request(flow: GatewayFlow, config: Config) -> None:
    """Put the header's model in the place of the one in the body."""
    model = flow.request.headers.get(config.header.lower(), "").strip()
    if model:
        flow.conversation = replace(flow.conversation, model=model)

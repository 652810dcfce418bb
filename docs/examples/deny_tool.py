"""Denies tools: the model is not offered them, and a call that it makes all the same is refused.

In config.toml:

    [[pipeline]]
    stage = "./deny_tool.py"
    after = "normalize"
    tools = ["bash", "web_fetch"]

A model may call what it was not offered, such as a tool that earlier turns speak of.
"""

from msgspec.structs import replace

from ki2api.errors import Forbidden, InvalidRequest
from ki2api.events import PartStarted, ReplyEvent
from ki2api.flow import GatewayFlow
from pipeline import StageConfig

requires = {"conversation"}


class Config(StageConfig, frozen=True):
    """What is denied."""

    tools: frozenset[str]
    """Names as the client declares them."""


def request(flow: GatewayFlow, config: Config) -> None:
    """Offer all tools but the denied ones; raises InvalidRequest if a denied one is demanded."""
    asked = flow.conversation
    if asked.tool_choice.name in config.tools:
        raise InvalidRequest(f"The tool {asked.tool_choice.name!r} is denied.", path="tool_choice")
    kept = tuple(tool for tool in asked.tools if tool.name not in config.tools)
    flow.conversation = replace(asked, tools=kept)


def event(_flow: GatewayFlow, event: ReplyEvent, config: Config) -> ReplyEvent:
    """Break the reply off before a denied call; raises Forbidden."""
    if isinstance(event, PartStarted) and event.name in config.tools:
        raise Forbidden(f"The model called the tool {event.name!r}, which is denied.")
    return event

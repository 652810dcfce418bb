"""The command line: one file a command, imported when it is called."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import cast

import rich_click as click

import ki2api
from ki2api.cli.collector import resting
from ki2api.cli.later import defer

EPILOG = (
    "Exit status: 0 done; 1 the state of things does not allow it; 2 what was typed or written in"
    " a settings file is wrong."
)
COMMANDS = (
    "demo",
    "login",
    "logout",
    "serve",
    "check",
    "doctor",
    "explain",
    "connect",
    "show",
    "stages",
    "accounts",
    "health",
    "keys",
    "simulate",
    "completion",
)
"""Each stands in a file of its name, as a function of its name."""


class _Commands(Mapping[str, click.Command]):
    """The commands by their names: what one of them needs is no price for the others."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in COMMANDS:
            raise KeyError(name)
        with resting():
            defer()
            module = import_module(f"ki2api.cli.{name}")
        return cast("click.Command", getattr(module, name))

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(ki2api.__version__, prog_name="ki2api")
def cli() -> None:
    """Your own Kiro subscription as an OpenAI- and Anthropic-compatible API.

    Start with `ki2api demo`: it needs no account. Unofficial; for your own accounts.
    """
    # What is logged before a command reads its settings must show no values either.
    from ki2api.cli import logs
    from ki2api.settings import LogSettings

    logs.configure(LogSettings())


# Not given to the group when it is made: it would look at each.
cli.commands = _Commands()  # type: ignore[assignment]  # it is only read

"""The command line: one file a command."""

import rich_click as click

import ki2api
from ki2api.cli.demo import demo
from ki2api.cli.serve import serve
from ki2api.cli.simulate import simulate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(ki2api.__version__, prog_name="ki2api")
def cli() -> None:
    """Your own Kiro subscription as an OpenAI- and Anthropic-compatible API.

    Start with `ki2api demo`: it needs no account. Unofficial; for your own accounts.
    """


cli.add_command(serve)
cli.add_command(demo)
cli.add_command(simulate)

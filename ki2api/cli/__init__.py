"""The command line: one file a command."""

import rich_click as click

import ki2api
from ki2api.cli.accounts import accounts
from ki2api.cli.check import check
from ki2api.cli.completion import completion
from ki2api.cli.connect import connect
from ki2api.cli.demo import demo
from ki2api.cli.doctor import doctor
from ki2api.cli.explain import explain
from ki2api.cli.health import health
from ki2api.cli.keys import keys
from ki2api.cli.login import login
from ki2api.cli.logout import logout
from ki2api.cli.serve import serve
from ki2api.cli.show import show
from ki2api.cli.simulate import simulate
from ki2api.cli.stages import stages

EPILOG = (
    "Exit status: 0 done; 1 the state of things does not allow it; 2 what was typed or written in"
    " a settings file is wrong."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(ki2api.__version__, prog_name="ki2api")
def cli() -> None:
    """Your own Kiro subscription as an OpenAI- and Anthropic-compatible API.

    Start with `ki2api demo`: it needs no account. Unofficial; for your own accounts.
    """


for command in (
    demo,
    login,
    logout,
    serve,
    check,
    doctor,
    explain,
    connect,
    show,
    stages,
    accounts,
    health,
    keys,
    simulate,
    completion,
):
    cli.add_command(command)

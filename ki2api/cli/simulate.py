"""`ki2api simulate`: run the simulator alone."""

import asyncio
import signal

import rich_click as click

from ki2api.cli.running import run
from ki2api.simulator import SCENARIOS, Simulator, SimulatorOptions

NEXT = """# A simulated Kiro is running; Ctrl+C stops it. To put the gateway in front of it,
# save what stands on standard output as simulated.toml, and run:
#   ki2api serve --config simulated.toml
# Every login is confirmed at once, as by a person who is there. To try one, take the accounts out
# of that file, and run one of:
#   ki2api login --config simulated.toml --builder-id
#   ki2api login --config simulated.toml --start-url https://d-0000000000.awsapps.com/start
#   ki2api login --config simulated.toml --no-browser
# The last one shows a page: `curl -L 'THE PAGE'` in another terminal plays the browser."""
SCREEN = """# Settings for a simulated Kiro: ki2api serve --config simulated.toml

[upstream]
api-url = "{urls.runtime}"
management-url = "{urls.management}"
fallback-url = "{urls.q}"
auth-url = "{urls.auth}"
oidc-url = "{urls.oidc}"
login-url = "{urls.auth}"

[state]
path = "simulated-state.json"  # keeps the tokens that the simulator rotates, as Kiro does
{accounts}
# An account by a key of its own, as from app.kiro.dev:
# [[accounts]]
# name = "{key.name}"
# api-key = "{key.api_key}"

# A prompt that holds [[sim:NAME]] gets that scenario:
{scenarios}
"""
ACCOUNT = """
[[accounts]]
name = "{account.name}"
refresh-token = "{account.refresh_token}"
"""


@click.command()
@click.option("--accounts", type=click.IntRange(1), default=2, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same answers.")
def simulate(accounts: int, seed: int) -> None:
    """Run a simulated Kiro, as strict as the real one, on free ports of this machine."""
    run(_simulate(accounts, seed))


async def _simulate(accounts: int, seed: int) -> None:
    async with Simulator(SimulatorOptions(seed=seed, welcoming=True)) as simulator:
        listed = [simulator.add_account(f"account_{each}") for each in range(1, accounts + 1)]
        click.echo(
            SCREEN.format(
                urls=simulator.urls,
                accounts="".join(ACCOUNT.format(account=account) for account in listed),
                key=simulator.add_account("key", kind="api-key"),
                scenarios="\n".join(f"#   {name:<22} {text}" for name, text in SCENARIOS.items()),
            )
        )
        click.echo(NEXT, err=True)
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await stopped.wait()

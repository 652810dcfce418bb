"""`ki2api simulate`: run the simulator alone."""

import asyncio
import signal

import rich_click as click

from ki2api.cli.running import run
from ki2api.simulator import SCENARIOS, Simulator, SimulatorOptions

NEXT = """# A simulated Kiro is running; Ctrl+C stops it. To put the gateway in front of it,
# save what stands on standard output as simulated.toml, and run:
#   ki2api serve --config simulated.toml"""
SCREEN = """# Settings for a simulated Kiro: ki2api serve --config simulated.toml

[upstream]
api-url = "{urls.runtime}"
management-url = "{urls.management}"
fallback-url = "{urls.q}"
auth-url = "{urls.auth}"
oidc-url = "{urls.oidc}"

[state]
path = "simulated-state.json"  # keeps the tokens that the simulator rotates, as Kiro does
{accounts}
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
    async with Simulator(SimulatorOptions(seed=seed)) as simulator:
        for number in range(1, accounts + 1):
            simulator.add_account(f"account_{number}")
        click.echo(
            SCREEN.format(
                urls=simulator.urls,
                accounts="".join(
                    ACCOUNT.format(account=account) for account in simulator.accounts.values()
                ),
                scenarios="\n".join(f"#   {name:<22} {text}" for name, text in SCENARIOS.items()),
            )
        )
        click.echo(NEXT, err=True)
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await stopped.wait()

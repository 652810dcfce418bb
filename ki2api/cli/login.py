"""`ki2api login`: log in to one's own Kiro account, and keep the login."""

import asyncio
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import rich_click as click
from msgspec.structs import replace

from ki2api.accounts.account import BUILDER_ID_URL
from ki2api.accounts.logins import Login, Logins
from ki2api.accounts.profile import is_region
from ki2api.accounts.signin.browser import PROVIDERS
from ki2api.accounts.signin.exchange import LoginFailed
from ki2api.accounts.signin.login import LogIn, Services
from ki2api.accounts.sources import AccountsUnreadable
from ki2api.cli.browsing import Terminal
from ki2api.cli.chosen import accounts_of, config_option, loaded_from, told_in_a_line
from ki2api.cli.kept import logins_of, told_if_unwritable
from ki2api.cli.words import stop
from ki2api.settings import Loaded, UpstreamSettings
from ki2api.transport import no_cookies
from pipeline import PipelineError

BEGIN = """This logs you in to your own Kiro account. The login is kept in
{path}, which only you can read, and serves your own requests alone."""
REPLACED = "It took the place of an older login of this name; --name NAME would keep both."
NEXT = "Next: {command}. A gateway that is running takes the login up by itself."
Command: TypeAlias = Callable[..., Any]
NAMES = {
    "BuilderId": "builder-id",
    "Enterprise": "identity-center",
    "Google": "google",
    "Github": "github",
    "": "kiro",
}
"""What an account is called by how it signs in; Kiro's page need not say how that was."""
LONGEST_NAME = 64
CLASH = "--builder-id, --google, --github and --start-url are four ways: choose one"


def _way(option: str, told: str) -> Callable[[Command], Command]:
    """Give the command a way to log in by; the argument `ways` gets all that were named."""
    flag = option.removeprefix("--")
    return click.option(option, "ways", flag_value=flag, multiple=True, help=told)


@click.command()
@config_option
@click.option("--name", default="", help="What the account is called; otherwise how it signs in.")
@_way("--builder-id", "AWS Builder ID, by a code.")
@_way("--google", "Google, on Kiro's page for it.")
@_way("--github", "GitHub, on Kiro's page for it.")
@click.option("--start-url", default="", help="An organization's IAM Identity Center, by a code.")
@click.option("--region", default="", help="Of that Identity Center; otherwise it is looked for.")
@click.option("--no-browser", is_flag=True, help="Open no browser; only show where to go.")
def login(
    config: Path | None,
    name: str,
    ways: tuple[str, ...],
    start_url: str,
    region: str,
    *,
    no_browser: bool,
) -> None:
    """Log in to your own Kiro account, and keep the login for the gateway.

    Without a way named, Kiro's own page lets you choose one. The two by a code need no browser on
    this machine.
    """
    way = _only(ways, start_url)
    start_url = _checked(way, start_url, region, name)
    with told_in_a_line():
        loaded = loaded_from(config)
        logins = logins_of(loaded)
        with told_if_unwritable(logins):
            logins.prepare()
        click.echo(BEGIN.format(path=logins.path))
        screen = Terminal(browser=not no_browser)
        made = _logged_in(loaded.settings.upstream, screen, way, start_url, region)
        named = replace(made, name=name or NAMES[made.provider])
        with told_if_unwritable(logins):
            replaced = logins.add(named)
    serve = ["ki2api", "serve", *(["--config", str(config)] if config else [])]
    _say(named, logins, loaded, serve=shlex.join(serve), replaced=replaced)


def _only(ways: tuple[str, ...], start_url: str) -> str:
    """Return the one way that was named, if any was; raises UsageError."""
    if len({*ways, *filter(None, [start_url])}) > 1:
        raise click.UsageError(CLASH)
    return next(iter(ways), "")


def _checked(way: str, start_url: str, region: str, name: str) -> str:
    """Return the start URL of the login, if it has one; raises UsageError."""
    if start_url and not start_url.startswith("https://"):
        raise click.UsageError("--start-url must be like https://d-1234567890.awsapps.com/start")
    if region and not start_url:
        raise click.UsageError("--region goes with --start-url")
    if region and not is_region(region):
        raise click.UsageError("--region must be like us-east-1")
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise click.UsageError("--name is too long or not printable: shorten it")
    return BUILDER_ID_URL if way == "builder-id" else start_url.rstrip("/#")


def _logged_in(
    upstream: UpstreamSettings, screen: Terminal, way: str, start_url: str, region: str
) -> Login:
    try:
        return asyncio.run(_log_in(upstream, screen, way, start_url, region))
    except LoginFailed as error:
        stop(f"{error}; nothing was kept", 1)
    except KeyboardInterrupt:
        click.echo()  # beside the ^C that the terminal shows
        stop("stopped; nothing was kept", 1)


async def _log_in(
    upstream: UpstreamSettings, screen: Terminal, way: str, start_url: str, region: str
) -> Login:
    proxy = upstream.proxy.reveal() if upstream.proxy else None
    async with httpx.AsyncClient(cookies=no_cookies(), trust_env=False, proxy=proxy) as client:
        services = Services(upstream.auth_url, upstream.oidc_url, upstream.login_url)
        log_in = LogIn(client, services, screen)
        if start_url:
            return await log_in.by_code(start_url, region)
        return await log_in.by_page(PROVIDERS.get(way, ""))


def _say(login: Login, logins: Logins, loaded: Loaded, *, serve: str, replaced: bool) -> None:
    click.echo(f"\nLogged in as {login.name}; kept in {logins.path}.")
    if replaced:
        click.echo(REPLACED)
    click.echo(_shadow(login, loaded) or NEXT.format(command=serve))


def _shadow(login: Login, loaded: Loaded) -> str:
    """Say what keeps the login from being used, if anything does."""
    try:
        found = accounts_of(loaded)
    except (AccountsUnreadable, PipelineError) as error:
        return f"But the gateway cannot use it yet: {error}"
    if any(credential.refresh_token == login.refresh_token for credential in found.credentials):
        return ""
    return f"But {found.place} comes first, and hides it: take the accounts away there to use it."

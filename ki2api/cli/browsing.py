"""What a person sees and does during a login: a code or a page, a browser, an address pasted."""

import asyncio
import os
import sys
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from io import FileIO
from threading import Thread

import rich_click as click

from ki2api.accounts.signin.browser import is_redirect
from ki2api.accounts.signin.device import Authorization
from ki2api.cli.moments import written

CODE = """
Confirm this code in a browser, on this machine or any other:

  {code}

  {page}

Waiting until {until}; Ctrl+C stops it."""
PAGE = """
Log in on this page in your browser:

  {url}
"""
PASTE = "A browser on another machine ends at a page that does not load: paste its address here."
NOT_AN_ADDRESS = "This is not the address of the page that the browser ended at: paste it whole."
_STDIN = 0


class Terminal:
    """Shows a login on the terminal, and opens the browser where that is wanted and can be."""

    def __init__(self, *, browser: bool) -> None:
        self._browser = browser

    def looking(self, start_url: str) -> None:
        click.echo(f"Looking for the region of {start_url}; --region saves this.")

    def code(self, authorization: Authorization) -> None:
        until = datetime.now().astimezone().timestamp() + authorization.expires_in
        click.echo(
            CODE.format(
                code=authorization.user_code,
                page=authorization.page,
                until=written(until, "%H:%M"),
            )
        )
        self._open(authorization.page)

    def page(self, url: str, deliver: Callable[[str], None]) -> None:
        click.echo(PAGE.format(url=url))
        if not self._browser or sys.stdin.isatty():
            click.echo(PASTE)
            _beside(_take_pasted, asyncio.get_running_loop(), deliver)
        self._open(url)

    def _open(self, url: str) -> None:
        if self._browser and has_windows(os.environ, sys.platform):
            _beside(webbrowser.open, url)


def has_windows(environ: Mapping[str, str], platform: str) -> bool:
    """Tell whether a browser can open beside the terminal, and would not open inside it."""
    return platform in {"darwin", "win32"} or any(
        environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )


def _take_pasted(loop: asyncio.AbstractEventLoop, deliver: Callable[[str], None]) -> None:
    """Read lines until one is an address; raw, for a buffer that waits would hold up the exit."""
    with suppress(OSError, RuntimeError):  # no terminal any more, or the login is over
        for line in FileIO(_STDIN, closefd=False):
            text = line.decode(errors="replace").strip()
            if is_redirect(text):
                loop.call_soon_threadsafe(deliver, text)
                return
            if text:
                click.echo(NOT_AN_ADDRESS)


def _beside(work: Callable[..., object], *arguments: object) -> None:
    """Do what may wait for a person beside everything else; it never holds up the exit."""
    Thread(target=work, args=arguments, daemon=True).start()

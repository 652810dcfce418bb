"""What commands say in the same words: the end of one, and where a gateway is."""

from typing import NoReturn

import rich_click as click


def stop(text: str, status: int) -> NoReturn:
    """End the command with one line on standard error."""
    click.echo(f"ki2api: {text}", err=True)
    raise SystemExit(status)


def base_url(host: str, port: int) -> str:
    """Return the address to tell people; every interface is reached by this machine's own name."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - told, not bound
    return f"http://[{name}]:{port}" if ":" in name and "[" not in name else f"http://{name}:{port}"

"""Finds out what is to blame for a call that failed."""

import ssl

import httpx


def proxy_fault(error: BaseException, proxy: str) -> str:
    """Say what the proxy does wrong where it is to blame for a call that failed, else nothing.

    `proxy` is what `Clients.proxy_of` says of it.
    """
    name = f"the proxy {proxy}".rstrip()
    if isinstance(error, httpx.ProxyError):
        status, _, _ = str(error).partition(" ")
        refusal = f"answered {status}" if status.isdecimal() else "does not lead there"
        return f"{name} {'wants a name and a password' if status == '407' else refusal}"
    unconnected = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
    if proxy and unconnected and not any(isinstance(e, ssl.SSLError) for e in causes(error)):
        return f"{name} cannot be reached"
    return ""


def causes(error: BaseException) -> list[BaseException]:
    """Return an error and all that it came from, the last first."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found

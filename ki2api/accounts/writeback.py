"""Rotated tokens go back into the foreign file they came from, where a person asked for that."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from ki2api.accounts import sealed
from ki2api.accounts.account import Origin
from ki2api.accounts.statefile import shown, sync_folder, write_durably
from pipeline.files import read_bytes
from pipeline.secret import Secret

_PATIENCE = 5.0  # seconds that another program may hold the lock of its database
# How the IDE and the command lines call the fields of a token (docs/kiro.md §1.6).
_OF_THE_IDE = ("refreshToken", "accessToken", "expiresAt")
_OF_THE_CLI = ("refresh_token", "access_token", "expires_at")


class WriteBackFailed(Exception):
    """The file could not be written; its owner may have to log in again."""


class RenewedTokens(Protocol):
    """What a refresh brought; `refresh` is None where the old token stays in force."""

    @property
    def access(self) -> Secret: ...

    @property
    def refresh(self) -> Secret | None: ...

    @property
    def expires_at(self) -> float: ...


def write_back(origin: Origin, sent: Secret, tokens: RenewedTokens) -> bool:
    """Replace the token that was `sent` by what it brought; False where another one stands there.

    All else in the file stays as it is. Blocks; raises WriteBackFailed.
    """
    try:
        if origin.key:
            return _into_database(origin.path, origin.key, sent, tokens)
        return _into_file(origin.path.resolve(), sent, tokens)
    except OSError as error:
        cause = error.strerror or error
    except (msgspec.DecodeError, UnicodeDecodeError):
        cause = "it is no JSON any more"
    except Exception as error:  # noqa: BLE001 - told below: the tokens are ours whatever befalls it
        cause = type(error).__name__
    raise WriteBackFailed(
        f"{shown(origin.path)} cannot be written ({cause}), so the program that it belongs to may "
        "have to log in again: make it writable, or take write-back away"
    )


def _into_file(path: Path, sent: Secret, tokens: RenewedTokens) -> bool:
    before = read_bytes(path)
    after = _renewed(before.decode("utf-8-sig"), sent, tokens, _OF_THE_IDE)
    if after is None:
        return False
    scratch = path.with_name(f".{path.name}.ki2api")
    try:
        write_durably(scratch, msgspec.json.format(after, indent=2), like=path.stat())
        if read_bytes(path) != before:
            return False  # its owner was quicker
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def _into_database(path: Path, key: str, sent: Secret, tokens: RenewedTokens) -> bool:
    import sqlite3  # a megabyte, which most servers do without

    uri = f"{path.absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(uri, timeout=_PATIENCE, uri=True)) as database, database:
            row = database.execute("SELECT value FROM auth_kv WHERE key = ?", (key,)).fetchone()
            before: str | bytes = row[0] if row else "{}"
            after = _renewed(before, sent, tokens, _OF_THE_CLI)
            if after is None:
                return False
            changed = database.execute(
                "UPDATE auth_kv SET value = ? WHERE key = ? AND value = ?",
                (after if isinstance(before, bytes) else after.decode(), key, before),
            )
            return changed.rowcount == 1
    except sqlite3.Error as error:
        raise OSError(str(error)) from error


def _renewed(
    content: str | bytes, sent: Secret, tokens: RenewedTokens, names: tuple[str, str, str]
) -> bytes | None:
    """Return the JSON with the new tokens, its other fields byte for byte; None if not ours."""
    fields = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    refresh, access, expires_at = names
    if refresh not in fields or sealed.decode(bytes(fields[refresh]), Secret) != sent:
        return None
    end = datetime.fromtimestamp(tokens.expires_at, UTC).isoformat(timespec="milliseconds")
    renewed = {
        refresh: tokens.refresh or sent,
        access: tokens.access,
        expires_at: end.replace("+00:00", "Z"),
    }
    return sealed.encode(fields | renewed)

"""Files and JSON with accounts in them, and what is said where they cannot be read."""

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from ki2api.accounts import sealed

T = TypeVar("T")


class AccountsUnreadable(Exception):
    """A place holds accounts that cannot be used; one line names the place, the cause, the mend."""


def read_json(content: str, wanted: type[T], where: str) -> T:
    """Decode JSON; raises AccountsUnreadable with the line, or the path within the JSON."""
    try:
        return sealed.decode(content, wanted)
    except msgspec.ValidationError as error:
        raise AccountsUnreadable(f"{where}: {error}") from None
    except msgspec.DecodeError as error:
        line = _line(content, str(error))
        raise AccountsUnreadable(f"{where} is not JSON at line {line}: mend it there") from None


def read_text(path: Path, where: str) -> str | None:
    """Return what a file says, None if it is not there; raises AccountsUnreadable."""
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise AccountsUnreadable(f"{where} is not text in UTF-8: save it so") from None
    except OSError as error:
        raise AccountsUnreadable(f"{where} cannot be read: {error.strerror}") from None


def _line(content: str, complaint: str) -> int:
    """Return the line of the byte that msgspec complains of, or the last line."""
    at = re.search(r"\(byte (\d+)\)", complaint)
    head = content.encode()[: int(at[1])] if at else content.encode()
    return head.count(b"\n") + 1

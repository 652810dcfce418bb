"""Files and JSON with accounts in them, and what is said where they cannot be read."""

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from ki2api.accounts import sealed

T = TypeVar("T")


class AccountsUnreadable(Exception):
    """A place holds accounts that cannot be used; one line names the place, the cause, the mend.

    `files` are those whose change may mend it.
    """

    files: tuple[Path, ...] = ()


def read_json(content: str, wanted: type[T], where: str) -> T:
    """Decode JSON; raises AccountsUnreadable with line and column, or the path in the JSON."""
    try:
        return sealed.decode(content, wanted)
    except msgspec.ValidationError as error:
        raise AccountsUnreadable(f"{where}: {error}") from None
    except msgspec.DecodeError as error:
        place = _line_and_column(content, str(error))
        raise AccountsUnreadable(f"{where} is not JSON at {place}: mend it there") from None


def read_text(path: Path, where: str) -> str | None:
    """Return what a file says, None if it is not there; raises AccountsUnreadable."""
    try:
        return path.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise AccountsUnreadable(f"{where} is not text in UTF-8: save it so") from None
    except OSError as error:
        raise AccountsUnreadable(f"{where} cannot be read: {error.strerror}") from None


def is_there(path: Path) -> bool:
    """Tell whether there is a file that can be seen."""
    try:
        return path.is_file()
    except OSError:
        return False


def _line_and_column(content: str, complaint: str) -> str:
    """Say where the byte stands that msgspec complains of, or where the text ends."""
    at = re.search(r"\(byte (\d+)\)", complaint)
    head = content.encode()[: int(at[1])] if at else content.encode()
    lines = head.decode(errors="ignore").split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"

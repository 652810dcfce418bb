"""Files and JSON with accounts in them, and what is said where they cannot be read."""

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from ki2api.accounts import sealed
from ki2api.accounts.sources.complaints import AccountsUnreadable
from pipeline import files

T = TypeVar("T")
_DEEPER = re.compile(r"(?P<what>.*) - at `\$\.?(?P<path>[^`]+)`")


def read_json(content: str, wanted: type[T], where: str) -> T:
    """Decode JSON; raises AccountsUnreadable with line and column, or the path in the JSON."""
    try:
        return sealed.decode(content, wanted)
    except msgspec.ValidationError as error:
        raise AccountsUnreadable(f"{where}: {_said(str(error))}", "") from None
    except msgspec.DecodeError as error:
        why = _why(content, str(error))
        raise AccountsUnreadable(f"{where} is not JSON{why}", "mend it there") from None


def read_text(path: Path, where: str) -> str | None:
    """Return what a file says, None if it is not there; raises AccountsUnreadable."""
    try:
        return files.read_text(path, "utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise AccountsUnreadable(f"{where} is not text in UTF-8", "save it so") from None
    except OSError as error:
        raise AccountsUnreadable(f"{where} cannot be read: {error.strerror}") from None


def is_there(path: Path) -> bool:
    """Tell whether there is a file that can be seen."""
    try:
        return path.is_file()
    except OSError:
        return False


def _said(complaint: str) -> str:
    """Put what msgspec says of a value behind the path of that value."""
    deeper = _DEEPER.fullmatch(complaint)
    said = f"{deeper['path']}: {deeper['what']}" if deeper else complaint
    said = re.sub("Object missing required field `([^`]+)`", r"\1 is missing", said)
    return said.replace("Expected", "expected").replace("`", "").replace(" | null", "")


def _why(content: str, complaint: str) -> str:
    """Say where the byte stands that msgspec complains of, or where the text ends too early."""
    at = re.search(r"\(byte (\d+)\)", complaint)
    if at is None and "truncated" not in complaint:
        return f" that can be read: {complaint}"
    head = content.encode()[: int(at[1])] if at else content.encode()
    lines = head.decode(errors="ignore").split("\n")
    return f" at line {len(lines)}, column {len(lines[-1]) + 1}"

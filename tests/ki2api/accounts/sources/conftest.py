"""A home folder with what the Kiro IDE leaves in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest


@pytest.fixture
def ide(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of the IDE's cache and return the home folder."""

    def write(name: str = "kiro-auth-token", **content: Any) -> Path:
        cache = tmp_path / ".aws" / "sso" / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        (cache / f"{name}.json").write_bytes(msgspec.json.encode(content))
        (cache / f"{name}.json").chmod(0o600)
        return tmp_path

    return write

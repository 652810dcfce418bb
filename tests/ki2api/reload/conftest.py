"""A house that serves nobody, and a log to read."""

from collections.abc import AsyncIterator, Iterator

import loguru
import pytest
from msgspec.structs import replace

from ki2api.accounts.sources import Found
from ki2api.reload.generations import House, opened
from ki2api.settings import Loaded, Settings, StateSettings


@pytest.fixture
def log() -> Iterator[list[str]]:
    """The lines of the log: `LEVEL message`."""
    lines: list[str] = []
    number = loguru.logger.add(lines.append, format="{level} {message}")
    yield lines
    loguru.logger.remove(number)


@pytest.fixture
def loaded() -> Loaded:
    """The defaults, with nothing kept on disk."""
    return Loaded(replace(Settings(), state=StateSettings(path="")))


@pytest.fixture
async def house(loaded: Loaded) -> AsyncIterator[House]:
    async with opened(loaded, Found(), Found) as house:
        yield house

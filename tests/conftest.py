"""Fixtures that every room of the test tree shares, and the requests that were reported."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

REQUESTS = Path(__file__).parent / "fixtures" / "requests"


class Reported(msgspec.Struct, frozen=True):
    """A request that was reported to be refused: where, in which dialect, and what we do of it.

    `repairs` are the rules by which it is mended; `refused` is the one by which it is refused here.
    `taught` says that Kiro must refuse it once before it is mended.
    """

    reported: str
    protocol: str
    request: Any
    repairs: tuple[str, ...] = ()
    refused: str | None = None
    taught: bool = False

    @property
    def body(self) -> bytes:
        return msgspec.json.encode(written_out(self.request))


def written_out(value: Any) -> Any:
    """Write out what stands there as `{"$times": 3, "of": …}`; {i} counts the copies in a list."""
    if isinstance(value, dict):
        if "$times" in value:
            return value["of"] * value["$times"]
        return {key: written_out(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [each for item in value for each in copies(item)]
    return value


def copies(item: Any) -> list[Any]:
    if not (isinstance(item, dict) and isinstance(item.get("of"), dict)):
        return [written_out(item)]
    text = msgspec.json.encode(item["of"]).decode()
    return [msgspec.json.decode(text.replace("{i}", str(i))) for i in range(item["$times"])]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each reported request to the tests that ask for one."""
    if "reported" in metafunc.fixturenames:
        paths = sorted(REQUESTS.glob("*.json"))
        requests = [msgspec.json.decode(path.read_bytes(), type=Reported) for path in paths]
        metafunc.parametrize("reported", requests, ids=[path.stem for path in paths])


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"

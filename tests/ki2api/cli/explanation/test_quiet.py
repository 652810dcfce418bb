import asyncio
import socket
from pathlib import Path

import pytest

from ki2api.accounts.account import Wallet
from ki2api.accounts.ledger import FileStore, Record
from ki2api.cli.explanation.quiet import HeldBack, KeptState, nothing_sent

pytestmark = pytest.mark.anyio


def reach(address: tuple[str, int]) -> None:
    with socket.socket() as caller:
        caller.connect(address)


async def test_no_connection_is_made_and_each_try_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with nothing_sent() as held:
            with pytest.raises(HeldBack, match="sends nothing"):
                reach(address)
            with pytest.raises(HeldBack):
                socket.getaddrinfo("example.com", 443)
            with pytest.raises(OSError, match="sends nothing"):
                await asyncio.open_connection(*address)
            with pytest.raises(HeldBack):
                await asyncio.to_thread(reach, address)
        here = f"127.0.0.1:{address[1]}"
        assert held == [here, "example.com:443", here, here]
        reach(address)
    assert len(held) == 4


async def test_what_stays_on_this_machine_is_let_through(tmp_path: Path) -> None:
    with (
        nothing_sent() as held,
        socket.socket(socket.AF_UNIX) as caller,
        pytest.raises(FileNotFoundError),
    ):
        caller.connect(str(tmp_path / "none"))
    assert held == []


async def test_a_kept_state_is_read_and_never_written(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    record = Record("a", 1.0, Wallet())
    store = FileStore(path)
    await store.load()
    await store.save("key", record)
    before = path.read_bytes()
    state = KeptState(str(path))  # while a gateway holds the file
    assert await state.load() == {"key": record}
    await state.save("other", record)
    await state.close()
    await store.close()
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [None, b"{", b"[]"])
async def test_a_state_that_cannot_be_used_is_as_good_as_none(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "state.json"
    if content is not None:
        path.write_bytes(content)
    assert await KeptState(str(path)).load() == {}
    assert list(tmp_path.iterdir()) == ([path] if content is not None else [])
    assert await KeptState("").load() == {}

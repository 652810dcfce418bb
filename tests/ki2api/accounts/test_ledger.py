import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ki2api.accounts.account import Standing, Wallet
from ki2api.accounts.ledger import FileStore, MemoryStore, Record, StateStore
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

RECORD = Record(
    "work",
    1000.0,
    Wallet(Secret("access"), 4600.0, Secret("refresh"), Secret("before"), "arn:x"),
    Standing("quarantined", "locked", 999.0),
)


class Ticks:
    """A pause that lasts until the test says that its time is over."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.over = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self.over.acquire()


@pytest.fixture(params=["memory", "file"])
def reopened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], StateStore]:
    """Give the same store again and again, as after a restart."""
    if request.param == "file":
        return lambda: FileStore(tmp_path / "state.json")
    memory = MemoryStore()
    return lambda: memory


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_a_new_store_is_empty_and_well(reopened: Callable[[], StateStore]) -> None:
    store = reopened()

    assert await store.load() == {}
    assert (store.degraded, store.warnings) == ("", ())
    await store.close()


async def test_a_record_outlives_a_restart(reopened: Callable[[], StateStore]) -> None:
    store = reopened()
    await store.load()
    await store.save("k1", RECORD)
    await store.close()
    again = reopened()

    assert await again.load() == {"k1": RECORD}
    await again.close()


async def test_the_newest_record_of_an_account_is_the_one_that_stays(
    reopened: Callable[[], StateStore],
) -> None:
    store = reopened()
    await store.load()
    newer = msgspec.structs.replace(RECORD, wallet=Wallet(refresh=Secret("newer")))
    await store.save("k1", RECORD)
    await store.save("k1", newer)
    await store.save("k2", RECORD)
    await store.close()
    again = reopened()

    assert await again.load() == {"k1": newer, "k2": RECORD}
    await again.close()


async def test_the_file_is_json_that_a_person_can_read(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "state.json")
    await store.load()
    await store.save("k1", RECORD)
    await store.close()

    text = (tmp_path / "state.json").read_text()
    assert '"name": "work"' in text
    assert msgspec.json.decode(text)["accounts"]["k1"]["wallet"]["previous"] == "before"


async def test_a_record_is_on_the_disk_when_save_returns(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "state.json")
    await store.load()
    await store.save("k1", RECORD)

    assert "refresh" in (tmp_path / "state.json").read_text()
    await store.close()


async def test_saves_at_once_lose_nothing(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "state.json")
    await store.load()
    await asyncio.gather(*(store.save(f"k{number}", RECORD) for number in range(20)))
    await store.close()
    again = FileStore(tmp_path / "state.json")

    assert len(await again.load()) == 20
    await again.close()


async def test_who_stops_waiting_for_a_save_does_not_stop_it(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "state.json")
    await store.load()
    async with store._turn, asyncio.TaskGroup() as group:
        waiter = group.create_task(store.save("k1", RECORD))
        await asyncio.sleep(0)
        waiter.cancel()
    await store.close()
    again = FileStore(tmp_path / "state.json")

    assert await again.load() == {"k1": RECORD}
    await again.close()


async def test_records_of_a_season_ago_are_forgotten(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "state.json")
    await store.load()
    await store.save("old", RECORD)
    await store.save("new", msgspec.structs.replace(RECORD, saved_at=1000.0 + 91 * 86_400))
    await store.close()
    again = FileStore(tmp_path / "state.json")

    assert list(await again.load()) == ["new"]
    await again.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"accounts":{"k":{}}}',
        b'{"version":2}',
        b'{"accounts":{"k":{"name":"a","saved_at":1,"wallet":{"refresh":5}}}}',
        b'{"accounts":{"k":{"name":"\xff","saved_at":1,"wallet":{}}}}',
    ],
)
async def test_a_file_that_cannot_be_understood_is_kept_aside(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    path.chmod(0o600)
    store = FileStore(path)

    assert await store.load() == {}
    await store.save("k1", RECORD)
    await store.close()

    if content:
        assert "state.json.corrupt-1" in store.warnings[0]
        assert (tmp_path / "state.json.corrupt-1").read_bytes() == content
    assert b"refresh" in path.read_bytes()


async def test_a_file_that_can_neither_be_understood_nor_moved_is_told(tmp_path: Path) -> None:
    path = tmp_path / f"{'s' * 250}.json"  # with any suffix, longer than a name may be
    path.write_bytes(b"{")
    store = FileStore(path)

    assert await store.load() == {}
    assert "cannot be moved (File name too long)" in store.warnings[-1]
    await store.close()


async def test_a_file_open_to_others_is_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"{}")
    path.chmod(0o644)
    store = FileStore(path)
    await store.load()
    await store.close()

    assert len(store.warnings) == 1


async def test_a_write_that_fails_is_told_and_repeated_until_it_works(tmp_path: Path) -> None:
    path, ticks = tmp_path / "state.json", Ticks()
    store = FileStore(path, pause=ticks)
    await store.load()
    (path / "in the way").mkdir(parents=True)

    await store.save("k1", RECORD)
    await store.save("k2", RECORD)
    await asyncio.sleep(0)
    assert "cannot be written (Is a directory)" in store.degraded
    assert ticks.asked == [5]
    ticks.over.release()
    await until(lambda: len(ticks.asked) == 2)
    assert store.degraded
    (path / "in the way").rmdir()
    path.rmdir()
    ticks.over.release()
    await until(lambda: not store.degraded)
    ticks.over.release()
    await store.close()
    again = FileStore(path)

    assert list(await again.load()) == ["k1", "k2"]
    assert ticks.asked == [5, 5, 5]
    await again.close()


async def test_closing_tries_once_more_to_write(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    store = FileStore(path, pause=Ticks())
    await store.load()
    path.mkdir()
    await store.save("k1", RECORD)
    path.rmdir()

    await store.close()

    assert store.degraded == ""
    assert path.exists()


async def test_closing_ends_even_if_nothing_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    store = FileStore(path, pause=Ticks())
    await store.load()
    path.mkdir()
    await store.save("k1", RECORD)

    await store.close()

    assert store.degraded


async def test_a_place_where_nothing_can_be_written_is_told_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_bytes(b"a file, no folder")
    store = FileStore(tmp_path / "blocked" / "state.json", pause=Ticks())

    assert await store.load() == {}
    assert "memory only" in store.degraded
    await store.save("k1", RECORD)
    await store.close()

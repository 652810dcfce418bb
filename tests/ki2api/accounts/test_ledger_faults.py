"""The state file on disks that are full, closed, spoilt or in use by another process."""

import asyncio
import os
import resource
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from msgspec import structs

from ki2api.accounts import sealed
from ki2api.accounts.account import Standing, Wallet
from ki2api.accounts.ledger import FileStore, Record
from ki2api.accounts.statefile import StateUnreadable
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

NOBODY = 65_534
RECORD = Record(
    "work",
    1000.0,
    Wallet(Secret("access"), 4600.0, Secret("refresh"), Secret("before")),
    Standing("quarantined", "locked", 999.0),
    {"m": Standing("cooling", "busy", 999.0, 1003.0)},
    "here",
)
LARGE = Record("large", 1001.0, Wallet(Secret("x" * 100_000)))
WHOLE = sealed.encode({"accounts": {"k1": RECORD, "k2": RECORD}, "version": 1})


class Ticks:
    """A pause that lasts until the test says that its time is over."""

    def __init__(self) -> None:
        self.over = asyncio.Semaphore(0)

    async def __call__(self, _: float) -> None:
        await self.over.acquire()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def opened(path: Path) -> FileStore:
    store = FileStore(path)
    await store.load()
    return store


async def kept(path: Path) -> list[str]:
    store = FileStore(path)
    records = await store.load()
    await store.close()
    return list(records)


@contextmanager
def a_file_size_limit(size: int) -> Iterator[None]:
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB, where this machine lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)  # noqa: S607 - wherever it is here


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder of somebody for whom modes count, which they do not for root, and being that one."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
            os.seteuid(NOBODY)
            yield folder
            os.seteuid(0)
        else:
            yield folder
        folder.chmod(stat.S_IRWXU)


async def test_a_full_disk_keeps_the_old_state_whole_and_is_told(small_disk: Path) -> None:
    path = small_disk / "state.json"
    store = await opened(path)
    await store.save("k1", RECORD)
    whole = path.read_bytes()

    await store.save("large", LARGE)

    assert "cannot be written (No space left on device)" in store.degraded
    assert path.read_bytes() == whole
    assert sorted(each.name for each in small_disk.iterdir()) == ["state.json", "state.json.lock"]
    await store.close()
    assert await kept(path) == ["k1"]


async def test_a_limit_on_files_keeps_the_old_state_whole_until_the_write_is_repeated(
    tmp_path: Path,
) -> None:
    path, ticks = tmp_path / "state.json", Ticks()
    store = FileStore(path, pause=ticks)
    await store.load()
    await store.save("k1", RECORD)
    whole = path.read_bytes()
    with a_file_size_limit(4096):
        await store.save("large", LARGE)
        assert "cannot be written (File too large)" in store.degraded
        assert path.read_bytes() == whole

    ticks.over.release()
    await until(lambda: not store.degraded)
    await store.close()
    assert await kept(path) == ["k1", "large"]


async def test_a_closed_folder_gives_its_tokens_and_is_written_when_it_opens(
    own_folder: Path,
) -> None:
    path, ticks, told = own_folder / "state.json", Ticks(), list[str]()
    path.write_bytes(WHOLE)
    path.chmod(0o600)
    own_folder.chmod(0o500)
    store = FileStore(path, pause=ticks, told=told.append)

    assert await store.load() == {"k1": RECORD, "k2": RECORD}
    assert "cannot be written (Permission denied): tokens live in memory only" in store.degraded
    await store.save("k3", RECORD)
    assert path.read_bytes() == WHOLE
    own_folder.chmod(0o700)
    ticks.over.release()
    await until(lambda: not store.degraded)

    assert len(told) == 1
    with pytest.raises(StateUnreadable):
        await FileStore(path).load()
    await store.close()
    assert await kept(path) == ["k1", "k2", "k3"]


async def test_a_state_that_appears_late_is_not_written_over(own_folder: Path) -> None:
    folder, ticks = own_folder / "mounted later", Ticks()
    own_folder.chmod(0o500)
    store = FileStore(folder / "state.json", pause=ticks)
    assert await store.load() == {}
    await store.save("k2", LARGE)
    own_folder.chmod(0o700)
    folder.mkdir(0o700)
    (folder / "state.json").write_bytes(WHOLE)
    (folder / "state.json").chmod(0o600)

    ticks.over.release()
    await until(lambda: not store.degraded)
    await store.close()

    again = FileStore(folder / "state.json")
    assert await again.load() == {"k1": RECORD, "k2": LARGE}
    await again.close()


async def test_a_state_that_appears_late_and_must_not_be_touched_is_left_alone(
    own_folder: Path,
) -> None:
    folder = own_folder / "mounted later"
    own_folder.chmod(0o500)
    store = FileStore(folder / "state.json", pause=Ticks())
    await store.load()
    own_folder.chmod(0o700)
    folder.mkdir(0o700)
    (folder / "elsewhere").write_bytes(WHOLE)
    (folder / "state.json").symlink_to(folder / "elsewhere")

    await store.save("k3", RECORD)

    assert "a symbolic link is not followed" in store.degraded
    assert (folder / "elsewhere").read_bytes() == WHOLE
    await store.close()
    assert (folder / "state.json").is_symlink()


async def test_another_process_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    store = await opened(path)
    await store.save("k1", RECORD)
    other = f"""
import asyncio, pathlib
from ki2api.accounts.ledger import FileStore
asyncio.run(FileStore(pathlib.Path({str(path)!r})).load())
"""

    refused = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", other], capture_output=True, text=True, check=False
    )

    assert refused.returncode == 1
    assert f"{path} is in use by another ki2api: stop it" in refused.stderr
    await store.close()
    assert await kept(path) == ["k1"]


def changed(whole: bytes) -> st.SearchStrategy[bytes]:
    """Make a file that was cut off, overwritten in its middle, or grew something strange."""
    places = st.integers(0, len(whole))
    return st.builds(
        lambda first, last, middle: whole[: min(first, last)] + middle + whole[max(first, last) :],
        places,
        places,
        st.binary(max_size=20),
    )


@settings(max_examples=150, deadline=None)
@given(
    content=st.one_of(
        st.binary(),
        changed(WHOLE),
        st.builds(lambda end: WHOLE[:end], st.integers(0, len(WHOLE))),
        st.sampled_from(
            [b"[" * 100_000, b'{"x":' + b"[" * 100_000, b'{"accounts":' * 9999, b"\0" * 4096]
        ),
    )
)
async def test_whatever_stands_in_the_file_the_gateway_starts_and_nothing_is_thrown_away(
    content: bytes,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.json"
        path.write_bytes(content)
        path.chmod(0o600)
        store = FileStore(path)
        records = dict(await store.load())
        await store.save("new", Record("new", 1e12, RECORD.wallet))
        await store.close()

        aside = Path(folder) / "state.json.corrupt-1"
        assert aside.exists() == bool(store.warnings)
        assert not aside.exists() or (records == {} and aside.read_bytes() == content)
        assert "new" in await kept(path)


async def test_a_record_that_no_file_can_hold_is_told_and_the_gateway_goes_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / os.fsdecode(b"\xff") / "state.json"
    store = await opened(path)

    await store.save("k1", structs.replace(RECORD, source="\udcff"))
    assert "cannot be written (UnicodeEncodeError)" in store.degraded
    assert store.degraded.encode().startswith(f"{tmp_path}/\\udcff/state.json".encode())

    await store.save("k1", RECORD)
    assert store.degraded == ""
    await store.close()
    assert await kept(path) == ["k1"]

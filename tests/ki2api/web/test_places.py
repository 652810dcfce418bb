"""Who gets a place, in which turn, and that none is lost."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ki2api.errors import Overloaded
from ki2api.web.places import Client, Place, Places, Room

pytestmark = pytest.mark.anyio
ONE, TWO, THREE = (("one", ""), ("two", ""), ("three", ""))


def made(places: int = 2, queue: int = 4, patience: float = 60.0, size: int = 80) -> Places:
    made = Places()
    made.room = Room(places, queue, patience, size)
    return made


class Asking:
    """Requests that take a place, in the order in which they got theirs."""

    def __init__(self, places: Places, group: asyncio.TaskGroup) -> None:
        self._places = places
        self._group = group
        self.served: list[tuple[Client, Place]] = []
        self.refused: list[tuple[Client, Overloaded]] = []

    async def ask(self, *clients: Client) -> None:
        for client in clients:
            self._group.create_task(self._take(client))
            await settled()

    async def end(self, client: Client) -> None:
        place = next(each for each in self.served if each[0] == client)
        self.served.remove(place)
        place[1].leave()
        await settled()

    @property
    def names(self) -> list[str]:
        return [client[0] for client, _ in self.served]

    async def _take(self, client: Client) -> None:
        try:
            self.served.append((client, await self._places.take(client)))
        except Overloaded as error:
            self.refused.append((client, error))


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_of_as_many_as_there_are_places_none_waits_and_of_one_more_one_does() -> None:
    places = made(places=2, queue=1)
    async with asyncio.TaskGroup() as group:
        asking = Asking(places, group)
        await asking.ask(ONE, ONE)
        assert (places.taken, places.waiting, places.full) == (2, 0, False)
        await asking.ask(TWO)
        assert (places.taken, places.waiting, places.full) == (2, 1, True)
        await asking.ask(THREE)
        assert [client for client, _ in asking.refused] == [THREE]
        await asking.end(ONE)
        assert asking.names == ["one", "two"]
        for client in (ONE, TWO):
            await asking.end(client)
    assert (places.taken, places.waiting, places.bytes) == (0, 0, 0)


async def test_who_has_waited_in_vain_is_told_when_to_come_again() -> None:
    places = made(places=1, patience=0.01)
    held = await places.take(ONE)
    with pytest.raises(Overloaded) as refused:
        await places.take(TWO)
    assert 1 <= (refused.value.retry_after or 0) <= 5
    assert (places.taken, places.waiting) == (1, 0)
    held.leave()
    (await places.take(TWO)).leave()
    assert places.taken == 0


async def test_a_free_place_goes_to_who_holds_fewest_and_then_in_turn() -> None:
    places = made(places=4, queue=9)
    async with asyncio.TaskGroup() as group:
        asking = Asking(places, group)
        await asking.ask(ONE, ONE, ONE, TWO)
        await asking.ask(ONE, ONE, TWO, TWO, THREE)
        await asking.end(ONE)
        assert asking.names[-1] == "three"
        await asking.end(ONE)  # now each holds one
        assert asking.names[-1] == "one"
        await asking.end(THREE)
        assert asking.names[-1] == "two"
        while asking.served:
            await asking.end(asking.served[0][0])
    assert (places.taken, places.waiting) == (0, 0)


async def test_who_fills_the_queue_gives_way_to_others() -> None:
    places = made(places=1, queue=3)
    async with asyncio.TaskGroup() as group:
        asking = Asking(places, group)
        await asking.ask(ONE, ONE, ONE, ONE)
        await asking.ask(TWO)
        assert [client for client, _ in asking.refused] == [ONE]
        await asking.ask(TWO)
        assert [client for client, _ in asking.refused] == [ONE, TWO]
        while asking.served:
            await asking.end(asking.served[0][0])


async def test_the_last_eighth_is_for_others() -> None:
    places = made(places=8, queue=2)
    async with asyncio.TaskGroup() as group:
        asking = Asking(places, group)
        await asking.ask(*[ONE] * 8)
        assert asking.names == ["one"] * 7
        await asking.ask(TWO)
        assert asking.names == ["one"] * 7 + ["two"]
        while asking.served:
            await asking.end(asking.served[0][0])


async def test_the_bodies_together_have_a_limit_and_one_client_not_all_of_it() -> None:
    places = made(places=9, size=80)
    one, two = await places.take(ONE), await places.take(TWO)
    one.grow(70)
    with pytest.raises(Overloaded):
        one.grow(1)
    two.grow(10)
    with pytest.raises(Overloaded):
        two.grow(1)
    one.leave()
    two.grow(60)
    two.leave()
    assert places.bytes == 0


async def test_who_waits_when_the_server_ends_is_told() -> None:
    places = made(places=1)
    async with asyncio.TaskGroup() as group:
        asking = Asking(places, group)
        await asking.ask(ONE, TWO)
        places.close()
        await settled()
        await asking.ask(THREE)
        assert [client for client, _ in asking.refused] == [TWO, THREE]
        await asking.end(ONE)
    assert (places.taken, places.waiting) == (0, 0)


async def test_where_memory_is_short_nobody_is_let_in() -> None:
    places = made()
    places.short = "short of memory"
    with pytest.raises(Overloaded, match="short of memory"):
        await places.take(ONE)
    assert places.taken == 0


STEPS = st.lists(st.tuples(st.sampled_from(["take", "leave", "cancel"]), st.integers(0, 5)))


@given(STEPS, st.integers(1, 9), st.integers(0, 3))
def test_whatever_happens_no_place_is_lost_and_none_given_twice(
    steps: list[tuple[str, int]], most: int, queue: int
) -> None:
    asyncio.run(live(steps, made(places=most, queue=queue)))


async def live(steps: list[tuple[str, int]], places: Places) -> None:
    tasks: list[asyncio.Task[Place | None]] = []
    held: list[Place] = []

    def collect() -> None:
        for task in [task for task in tasks if task.done()]:
            tasks.remove(task)
            if not task.cancelled() and (place := task.result()):
                held.append(place)

    async with asyncio.TaskGroup() as group:
        for step, number in steps:
            if step == "take":
                client = (str(number % 3), "")
                tasks.append(group.create_task(taken(places, client)))
            elif step == "leave" and held:
                held.pop(number % len(held)).leave()
            elif step == "cancel" and tasks:
                tasks[number % len(tasks)].cancel()
            if number % 2:
                await settled()
                collect()
            assert places.taken <= places.room.places
            assert places.waiting <= places.room.queue
        while tasks or held:
            await settled()
            collect()
            if held:
                held.pop().leave()
    assert (places.taken, places.waiting, places.bytes) == (0, 0, 0)


async def taken(places: Places, client: Client) -> Place | None:
    try:
        return await places.take(client)
    except Overloaded:
        return None

"""What a flow keeps open is left in reverse order, each with the error of those inside it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from pipeline.held import Held

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def watched(
    seen: list[str], name: str, *, raises: Exception | None = None, swallows: bool = False
) -> AsyncIterator[None]:
    """Note with what a resource is left; it may raise an error of its own, or swallow one."""
    try:
        yield
        seen.append(f"{name}: well")
    except Exception as error:
        seen.append(f"{name}: {error}")
        if not swallows and raises is None:
            raise
    if raises is not None:
        raise raises


async def filled(held: Held | AsyncExitStack, seen: list[str]) -> None:
    """Put the same into what is to behave alike."""
    push = held.push if isinstance(held, Held) else held.push_async_exit
    for name, raises, swallows in (
        ("outermost", None, False),
        ("swallows", None, True),
        ("passes on", None, False),
        ("raises", ValueError("broken"), False),
        ("innermost", None, False),
    ):
        resource = watched(seen, name, raises=raises, swallows=swallows)
        await resource.__aenter__()
        push(resource)
    held.callback(lambda: seen.append("called"))


@pytest.mark.parametrize("error", [None, KeyError("first")])
async def test_it_leaves_as_the_standard_librarys_stack_does(error: Exception | None) -> None:
    ours: list[str] = []
    theirs: list[str] = []
    for kind, seen in ((Held, ours), (AsyncExitStack, theirs)):
        async with kind() as held:
            await filled(held, seen)
            if error is not None:
                raise error
    assert ours == theirs
    assert ours[-1] == "outermost: well"


async def test_an_error_of_what_is_left_is_raised_in_the_end_with_what_led_to_it() -> None:
    seen: list[str] = []
    resource = watched(seen, "one", raises=ValueError("broken"))
    await resource.__aenter__()
    held, first = Held(), KeyError("first")
    held.callback(lambda: seen.append("the other is left nevertheless"))
    held.push(resource)
    with pytest.raises(ValueError, match="broken") as told:
        await held.__aexit__(KeyError, first, None)
    assert told.value.__context__ is first
    assert seen == ["one: 'first'", "the other is left nevertheless"]


async def test_a_callback_that_raises_does_so_for_all_outside_it() -> None:
    seen: list[str] = []
    resource = watched(seen, "outside")
    await resource.__aenter__()
    held = Held()
    held.push(resource)
    held.callback(lambda: int("x"))
    with pytest.raises(ValueError, match="invalid"):
        await held.aclose()
    assert seen == ["outside: invalid literal for int() with base 10: 'x'"]
    await held.aclose()
    assert len(seen) == 1, "what was left once is not left again"

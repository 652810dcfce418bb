"""Pages of somebody else's in a real browser: they read nothing of the gateway, and start nothing.

Each is also let loose where nothing stops it, so that it is known to be able to.
"""

import re
from collections.abc import Callable
from typing import Any

from ki2api.simulator import Simulator

WAYS = 12
"""Ways of asking that a page is to have at least."""
TELLING = re.compile(r"accounts|version|claude|Ki2API|\d+\.\d+\.\d+")
"""What no refusal says and every answer does."""


def read(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return what the page read, by the way it asked."""
    return {way: each["text"] for way, each in found.items() if each.get("text")}


def calls(simulator: Simulator) -> int:
    return len(simulator.requests) + len(simulator.refused)


def test_a_page_of_another_origin_gets_nothing(
    simulator: Simulator, start: Any, attacked: Callable[[str], Any]
) -> None:
    simulator.add_account("only")
    gateway = start(simulator)

    found = attacked(gateway.url)

    assert len(found) >= WAYS
    assert read(found) == {}
    assert calls(simulator) == 0
    refusals = [line for line in gateway.log if "403 failed: forbidden" in line]
    assert len(refusals) >= WAYS, found


def test_where_everybody_may_read_the_same_page_does(
    careless: tuple[str, list[str]], attacked: Callable[[str], Any]
) -> None:
    url, asked = careless

    found = attacked(url)

    assert len(read(found)) >= WAYS, found
    assert len(asked) >= WAYS, asked


def test_a_name_that_is_rebound_gets_refusals_only(
    simulator: Simulator, start: Any, rebound: Callable[[int], Any], told: Any, port: int
) -> None:
    simulator.add_account("only")
    with rebound(port):
        gateway = start(simulator, environ={"KI2API_PORT": str(port)})
        assert gateway.url
        found = told.found()

    assert {each["status"] for each in found.values() if each.get("status")} == {403}
    assert [way for way, text in read(found).items() if TELLING.search(text)] == []
    assert calls(simulator) == 0


def test_where_its_name_is_listed_the_same_page_reads_and_asks(
    simulator: Simulator, start: Any, rebound: Callable[[int], Any], told: Any, port: int
) -> None:
    simulator.add_account("only")
    with rebound(port):
        environ = {"KI2API_PORT": str(port)}
        gateway = start(simulator, server='hosts = ["rebound.test"]', environ=environ)
        assert gateway.url
        found = told.found()

    assert len([way for way, text in read(found).items() if TELLING.search(text)]) >= 5, found
    assert calls(simulator) > 0

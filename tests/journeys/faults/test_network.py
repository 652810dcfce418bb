"""Each fault of the network before a connection stands, in each dialect, streamed and whole."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic, sleep
from typing import Any

import pytest
from msgspec import Struct

from tests.journeys.faults import places
from tests.journeys.faults.places import Place
from tests.journeys.faults.test_matrix import FORMS

TLS_HANDSHAKE = b"\x16"


class Row(Struct, frozen=True):
    """A place, the status that comes of it, how often it is tried, and the dialects' words."""

    fault: str
    place: Callable[[], AbstractContextManager[Place]]
    status: int
    tries: int
    code: str
    kind: str = "api_error"


ROWS = [
    Row("U1 refused", places.nobody, 502, 3, "upstream_unreachable"),
    Row("U1 reset at once", places.resetting, 502, 3, "upstream_unreachable"),
    Row("U2 no such name", places.nameless, 502, 3, "upstream_unreachable"),
    Row("U3 foreign certificate", places.foreign, 502, 1, "upstream_tls"),
    Row("U3 no TLS", places.plain, 502, 1, "upstream_tls"),
    Row("U4 no connection in time", places.full, 504, 3, "upstream_timeout", "timeout_error"),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.fault for row in ROWS])
def test_what_the_sdks_make_of_a_network_that_fails(shop_of: Any, row: Row) -> None:
    with row.place() as place:
        shop = shop_of(api_url=place.url + "/{region}", connect_seconds=0.1)
        for stream, dialect in FORMS:
            came, told = len(place.came or []), len(shop.log)
            seen = shop.meet(dialect, stream=stream, orders=[])
            cell = f"{row.fault}, {dialect}, stream={stream}: {seen}"
            word = row.kind if dialect == "messages" else row.code
            assert (seen.status, seen.word, seen.states) == (row.status, word, READY), cell
            assert int(shop.told(r"attempts=(\d+) failed: ", told)) == row.tries, cell
            if place.came is not None:
                wait_for(place.came, came + row.tries)
                assert len(place.came) - came == row.tries, cell
        assert shop.canaries() == []
    if place.url.startswith("https:"):
        assert place.came
        assert all(began.startswith(TLS_HANDSHAKE) for began in place.came), "never without TLS"
        assert not any(b"POST" in began for began in place.came)


READY = ("ready", "ready")


def wait_for(came: list[bytes], count: int) -> None:
    """Let the place note a connection that its client has already given up."""
    ends = monotonic() + 30
    while len(came) < count and monotonic() < ends:
        sleep(0.01)

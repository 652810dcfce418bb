"""The health of a gateway, judged from what the accounts and the settings say."""

from typing import Any, cast

import pytest

from ki2api.keys import KeyRing
from ki2api.web.gateway import Gateway
from ki2api.web.health import health_of
from ki2api.web.places import Room
from pipeline import Secret


class Status:
    def __init__(self, state: str) -> None:
        self.state = state


class Pool:
    """A pool that says what the test wants."""

    degraded = ""

    def __init__(self, *states: str, closed: float = 0.0) -> None:
        self._states = states
        self._closed = closed

    def statuses(self) -> list[Status]:
        return [Status(state) for state in self._states]

    def breaker_remaining(self) -> float:
        return self._closed


def gateway(pool: Pool, fault: str = "", *, draining: bool = False) -> Gateway:
    parts: Any = {"chain": None, "models": None, "neighbourhood": None, "limits": None}
    keys = KeyRing((Secret("sk-mine"),))
    return Gateway(
        **parts, pool=cast("Any", pool), keys=keys, fault=lambda: fault, draining=lambda: draining
    )


def broken_state() -> Pool:
    pool = Pool("ready")
    pool.degraded = "the path of it"
    return pool


CLOSED = "two accounts were suspended within a minute: to protect the others, none is used for 5 min; a reset ends this"
FAULTS = [
    (Pool(), "", "no-account", "no account is configured"),
    (
        Pool("cooling", "disabled"),
        "",
        "no-account-ready",
        "no account is ready: see /v1/token/status",
    ),
    (broken_state(), "", "state-unwritable", "the state cannot be written: see /v1/token/status"),
    (Pool("ready"), "the settings have faults", "settings-faulty", "the settings have faults"),
    (Pool("ready", closed=299.6), "", "accounts-resting", CLOSED),
]


def test_a_gateway_with_a_ready_account_is_well() -> None:
    health = health_of(gateway(Pool("ready", "cooling")))
    assert health.status == "ok"
    assert health.reasons == []
    assert (health.accounts_ready, health.accounts) == (1, 2)
    assert not health.default_key


@pytest.mark.parametrize(("pool", "fault", "cause", "reason"), FAULTS)
def test_what_is_wrong_is_a_reason(pool: Pool, fault: str, cause: str, reason: str) -> None:
    health = health_of(gateway(pool, fault))
    assert health.status == "degraded"
    assert health.reasons == [reason]
    assert health.causes == [cause]


def test_a_server_that_ends_or_has_no_room_says_so() -> None:
    house = gateway(Pool("ready"), draining=True)
    house.places.room = Room(places=0, queue=0)
    house.places.short = "memory is short"
    health = health_of(house)
    assert health.causes == ["draining", "places-taken", "memory-short"]
    assert len(health.reasons) == 3

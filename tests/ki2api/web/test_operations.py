"""The health of a gateway, judged from what the accounts and the settings say."""

from typing import Any, cast

import pytest

from ki2api.keys import KeyRing
from ki2api.web.gateway import Gateway
from ki2api.web.operations import health_of
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


def gateway(pool: Pool, fault: str = "") -> Gateway:
    parts: Any = {"chain": None, "models": None, "neighbourhood": None, "limits": None}
    keys = KeyRing((Secret("sk-mine"),))
    return Gateway(**parts, pool=cast("Any", pool), keys=keys, fault=lambda: fault)


def broken_state() -> Pool:
    pool = Pool("ready")
    pool.degraded = "the path of it"
    return pool


CLOSED = "two accounts were suspended within a minute: to protect the others, none is used for 5 min; a reset ends this"
FAULTS = [
    (Pool(), "", "no account is configured"),
    (Pool("cooling", "disabled"), "", "no account is ready: see /v1/token/status"),
    (broken_state(), "", "the state cannot be written: see /v1/token/status"),
    (Pool("ready"), "the settings have faults", "the settings have faults"),
    (Pool("ready", closed=299.6), "", CLOSED),
]


def test_a_gateway_with_a_ready_account_is_well() -> None:
    health = health_of(gateway(Pool("ready", "cooling")))
    assert health.status == "ok"
    assert health.reasons == []
    assert (health.accounts_ready, health.accounts) == (1, 2)
    assert not health.default_key


@pytest.mark.parametrize(("pool", "fault", "reason"), FAULTS)
def test_what_is_wrong_is_a_reason(pool: Pool, fault: str, reason: str) -> None:
    health = health_of(gateway(pool, fault))
    assert health.status == "degraded"
    assert health.reasons == [reason]

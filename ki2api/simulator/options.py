"""How a simulated Kiro behaves as a whole, and where it listens."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from msgspec import Struct

Chunking: TypeAlias = Literal["frames", "random", "bytes", "whole"]


class SimulatorOptions(Struct, frozen=True):
    """The switches of a simulator; the defaults are as strict as any report of the service.

    `strict_schema` adds the tool rules on which the sources disagree (T9, T10, T11, T13, an empty
    `required`). `strict_reasons` names tool faults by the reasons of 2026; without it they are
    "Improperly formed request." too, and `improper_reason` is what stands beside that sentence.
    `keys_on_runtime` lets API keys work on the runtime host, and `profile_in_legacy_query` lets
    enterprise accounts name their profile in a query to the older host; the sources disagree on
    both (U1, U13). At the services that are `down`, nobody listens.
    `welcoming` lets a person be there who confirms every login at once, each way by an account of
    its own, also at an organization that nobody has heard of. `grace` lets a refresh token that was
    replaced work on. `remembered` is how many requests the records keep, the newest.
    """

    seed: int = 0
    strict_schema: bool = True
    strict_reasons: bool = True
    improper_reason: Literal["REQUEST_BODY_INVALID"] | None = None
    refuse_resent_ids: bool = True
    keys_on_runtime: bool = True
    profile_in_legacy_query: bool = True
    down: frozenset[str] = frozenset()
    access_seconds: float = 3600
    rotate: bool = True
    welcoming: bool = False
    grace: bool = False
    profile_in_refresh: bool = True
    chunking: Chunking = "frames"
    frame_seconds: float = 0.0
    models_per_page: int = 50
    remembered: int = 10_000
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Ports(Struct, frozen=True):
    """Where each service listens; 0 lets the system choose."""

    runtime: int = 0
    management: int = 0
    q: int = 0
    auth: int = 0
    oidc: int = 0


class Urls(Struct, frozen=True):
    """The services' addresses, as `http://host:port` without a path."""

    runtime: str
    management: str
    q: str
    auth: str
    oidc: str

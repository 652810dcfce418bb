"""A Kiro that runs here: five listening services over one state."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from ki2api.simulator.access import Gate
from ki2api.simulator.accounts import Kind, Plan, SimAccount, opened, ordered
from ki2api.simulator.answer import Script
from ki2api.simulator.control import ControlPlane
from ki2api.simulator.dataplane import DataPlane
from ki2api.simulator.demo import demo
from ki2api.simulator.http import Handler, Service
from ki2api.simulator.operations import Host
from ki2api.simulator.options import Ports, SimulatorOptions, Urls
from ki2api.simulator.records import RecordedRequest, RecordedSearch, RefusedRequest
from ki2api.simulator.search import SEARCH_SCENARIOS, SearchPlane
from ki2api.simulator.threads import running
from ki2api.simulator.tokens import TokenServices
from ki2api.simulator.world import World

_DEFAULTS = SimulatorOptions()
_ANY_PORTS = Ports()
# docs/kiro.md §2.1
_OLDER_REGIONS = frozenset({"us-east-1", "eu-central-1"})
_REGIONS = _OLDER_REGIONS | {"us-gov-east-1", "us-gov-west-1"}


class Simulator:
    """A simulated Kiro: an async context manager, or `start` and `stop`, or `threaded`.

    `urls` stands while it runs. `accounts`, `requests` and `refused` may be read, and the state of
    an account set, at any time, from any thread.
    """

    urls: Urls

    def __init__(self, options: SimulatorOptions = _DEFAULTS, script: Script | None = None) -> None:
        self._world = World(options, script or demo)
        self._services = {name: Service(host) for name, host in self._hosts().items()}

    def _hosts(self) -> dict[str, Handler]:
        world = self._world
        tokens = TokenServices(world)
        runtime = Gate(world, "runtime", wants_profile=True)
        management = Gate(world, "management", wants_profile=True)
        q = Gate(world, "q", wants_profile=False)
        return {
            "runtime": Host(
                world,
                "runtime",
                DataPlane(world, runtime),
                SearchPlane(world, runtime),
                regions=_REGIONS,
            ),
            "management": Host(
                world, "management", ControlPlane(world, management), regions=_REGIONS
            ),
            "q": Host(
                world,
                "q",
                DataPlane(world, q),
                SearchPlane(world, q),
                ControlPlane(world, q),
                regions=_OLDER_REGIONS,
            ),
            "auth": tokens.social,
            "oidc": tokens.oidc,
        }

    async def start(self, host: str = "127.0.0.1", ports: Ports = _ANY_PORTS) -> None:
        """Listen on every service."""
        self.urls = Urls(
            **{
                name: await service.start(host, getattr(ports, name))
                for name, service in self._services.items()
            }
        )
        for name in self._world.options.down:
            await self._services[name].stop()

    async def stop(self) -> None:
        """Stop listening, and drop every connection."""
        for service in self._services.values():
            await service.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    @contextmanager
    def threaded(self) -> Iterator[Self]:
        """Run on an event loop of its own, in a thread."""
        with running(self):
            yield self

    def add_account(
        self,
        name: str,
        *,
        kind: Kind = "social",
        refresh_token: str | None = None,
        plan: Plan = "pro",
        **state: Any,
    ) -> SimAccount:
        """Open an account with credentials of its kind; `state` is any field of SimAccount."""
        account = SimAccount(
            name=name, kind=kind, plan=plan, refresh_token=refresh_token or "", **state
        )
        self._world.accounts[name] = opened(account, self._world.identifiers)
        if kind != "api-key":
            self._world.give_access(account)
        return account

    def order(self, scenario: str, times: int = 1, **values: object) -> None:
        """Order a scenario for the next requests, whoever sends them; values as in a marker."""
        self._world.ordered.extend(ordered(scenario, times, values))

    def order_control(self, operation: str, fault: str, times: int = 1, **values: object) -> None:
        """Order a fault (CONTROL_SCENARIOS) for the next questions of one operation."""
        self._world.disturbances.order(operation, fault, times, values)

    def order_search(self, fault: str, times: int = 1, **values: object) -> None:
        """Order a fault (SEARCH_SCENARIOS) for the next searches of the web."""
        _ = SEARCH_SCENARIOS[fault]
        self._world.search_faults.extend(ordered(fault, times, values))

    @property
    def searches(self) -> list[RecordedSearch]:
        """Every search of the web that was well asked, oldest first."""
        return self._world.searches

    @property
    def asked(self) -> Counter[tuple[str, str]]:
        """How often each account asked each operation of the control plane, refused or not."""
        return self._world.asked

    @property
    def accounts(self) -> dict[str, SimAccount]:
        """The accounts by name."""
        return self._world.accounts

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request of the data plane that was accepted, oldest first."""
        return self._world.requests

    @property
    def refused(self) -> list[RefusedRequest]:
        """Every request that was refused, oldest first."""
        return self._world.refused

    @property
    def refreshes(self) -> int:
        """How often an access token was given for a refresh token."""
        return sum(account.refreshes for account in self.accounts.values())

"""What the services of one simulator share: accounts, models, counts and records."""

from collections import Counter, deque
from collections.abc import Mapping
from itertools import count

from ki2api.simulator.accounts import Fault, Kind, SimAccount, opened
from ki2api.simulator.answer import Script
from ki2api.simulator.catalogue import CATALOGUE, Model
from ki2api.simulator.disturbance import Disturbances
from ki2api.simulator.http import Request
from ki2api.simulator.identifiers import Identifiers
from ki2api.simulator.options import SimulatorOptions
from ki2api.simulator.records import RecordedRequest, RecordedSearch, RefusedRequest
from ki2api.simulator.refusals import Refusal


class World:
    """The state of one simulated Kiro."""

    def __init__(self, options: SimulatorOptions, script: Script) -> None:
        self.options = options
        self.script = script
        self.models: Mapping[str, Model] = CATALOGUE
        self.identifiers = Identifiers(options.seed)
        self.accounts: dict[str, SimAccount] = {}
        self.requests: list[RecordedRequest] = []
        self.refused: list[RefusedRequest] = []
        self.searches: list[RecordedSearch] = []
        self.ordered: deque[Fault] = deque()
        self.search_faults: deque[Fault] = deque()
        self.disturbances = Disturbances()
        self.asked: Counter[tuple[str, str]] = Counter()
        self.failed_ids: set[tuple[str, str]] = set()
        self._numbers = count()

    def next_number(self) -> int:
        """Give the next request's number, from which its identifiers come."""
        return next(self._numbers)

    def give_access(self, account: SimAccount) -> None:
        """Give an account a new access token."""
        until = self.options.clock() + self.options.access_seconds
        account.grant_access(self.identifiers.access_token(), until)

    def newcomer(self, kind: Kind, start_url: str = "") -> SimAccount:
        """Return the account of whoever logs in this way, opened when it is first asked for."""
        name = f"login at {start_url or kind}"
        if name not in self.accounts:
            account = SimAccount(name=name, kind=kind, start_url=start_url)
            self.accounts[name] = opened(account, self.identifiers)
        return self.accounts[name]

    def holder_of(self, bearer: str) -> SimAccount | None:
        """Find the account that a bearer token opens now."""
        now = self.options.clock()
        for account in self.accounts.values():
            opens = bearer == account.api_key or account.access.get(bearer, 0.0) > now
            if bearer and opens and not account.revoked:
                return account
        return None

    def note_request(self, record: RecordedRequest) -> None:
        """Record a request that was accepted."""
        self.requests.append(record)
        del self.requests[: -self.options.remembered]

    def note_refusal(self, host: str, request: Request, refused: Refusal) -> None:
        """Record a request that was refused."""
        account = self.holder_of(request.bearer)
        self.refused.append(
            RefusedRequest(
                account=account.name if account else "",
                host=host,
                path=request.path,
                headers=request.headers,
                body=request.body,
                status=refused.words.status,
                reason=refused.words.reason or None,
                rules=refused.rules,
            )
        )
        del self.refused[: -self.options.remembered]

"""How many repeated calls Kiro is asked to bear: enough while it works, hardly any while it fails.

The figures are those of the AWS SDKs' own retry standard, read 2026-11: 500 tokens, 14 for a
transient fault and 5 for a throttled call. On top of it stands the SRE rule of a tenth.
"""

from typing import Literal

CAPACITY = 500.0
COSTS = {"transient": 14.0, "throttled": 5.0}
AT_LEAST = 3
SHARE = 0.1


class RetryBudget:
    """Grants repeated calls; one for the whole gateway.

    Since the last call that succeeded, no more are granted than a tenth of the requests, or as many
    as there are requests under way, or three, whichever is most. So a burst that meets a throttled
    account can go on to the next one, and a service that fails for an hour sees hardly more calls
    than there were requests.
    """

    def __init__(self) -> None:
        self._tokens = CAPACITY
        self._under_way = 0
        self._requests = 0
        self._granted = 0

    def __enter__(self) -> None:
        """Count a request, and that it is under way until it is left."""
        self._requests += 1
        self._under_way += 1

    def __exit__(self, *_: object) -> None:
        self._under_way -= 1

    def grants(self, kind: Literal["transient", "throttled"]) -> bool:
        """Take one repeated call from the budget; False when none is left."""
        most = max(AT_LEAST, self._under_way, SHARE * self._requests)
        if self._tokens < COSTS[kind] or self._granted + 1 > most:
            return False
        self._tokens -= COSTS[kind]
        self._granted += 1
        return True

    def succeeded(self, *spent: Literal["transient", "throttled"]) -> None:
        """Learn of a call that succeeded, and give back what led to it."""
        if self._tokens < CAPACITY:
            returned = 1.0 + sum(COSTS[kind] for kind in spent)
            self._tokens = min(CAPACITY, self._tokens + returned)
        self._requests = self._granted = 0

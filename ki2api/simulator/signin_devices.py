"""Logins by a code that a person confirms in a browser (docs/kiro.md §1.10)."""

from typing import Any

from msgspec import Struct

from ki2api.simulator.accounts import BUILDER_START_URL, Kind, SimAccount
from ki2api.simulator.http import Request
from ki2api.simulator.signin_clients import DEVICE_GRANT, Clients
from ki2api.simulator.signin_refusals import TokenRefused, invalid_request, oauth_refused, read
from ki2api.simulator.world import World

LIFETIME = 600
INTERVAL = 1.0
SLOWER = 5.0
_EARLY = 0.1
"""Seconds by which a caller's clock may be off before it counts as too fast."""


class _Wish(Struct, rename="camel"):
    client_id: str = ""
    client_secret: str = ""
    start_url: str = ""


class _Device(Struct):
    client_id: str
    user_code: str
    start_url: str
    region: str
    ends: float
    asked_at: float
    interval: float = INTERVAL


class Devices:
    """The logins that wait for a person."""

    def __init__(self, world: World, clients: Clients) -> None:
        self._world = world
        self._clients = clients
        self._devices: dict[str, _Device] = {}

    def authorize(self, request: Request) -> dict[str, Any]:
        """Begin a login; raises TokenRefused, also for a start URL of another region."""
        wish = read(request, _Wish)
        client = self._clients.admit(request, wish.client_id, wish.client_secret, DEVICE_GRANT)
        person = self._person(wish.start_url)
        if not self._is_known(wish.start_url, request.region):
            raise invalid_request("Invalid start url provided")
        now = self._world.options.clock()
        device_code = self._world.identifiers.text(86)
        device = _Device(
            client_id=client.id,
            user_code=self._world.identifiers.user_code(),
            start_url=wish.start_url,
            region=request.region,
            ends=now + LIFETIME,
            asked_at=now,
        )
        self._devices[device_code] = device
        if person:
            person.approve(device.user_code)
        page = f"{wish.start_url}/#/device"
        return {
            "deviceCode": device_code,
            "userCode": device.user_code,
            "verificationUri": page,
            "verificationUriComplete": f"{page}?user_code={device.user_code}",
            "expiresIn": LIFETIME,
            "interval": int(INTERVAL),
        }

    def redeem(self, device_code: str, client_id: str) -> SimAccount:
        """Return the account that a person logged in to; raises TokenRefused until then."""
        device = self._devices.get(device_code)
        if device is None or device.client_id != client_id:
            raise oauth_refused("invalid_grant", "Invalid device code provided", "InvalidGrant")
        now = self._world.options.clock()
        too_fast = now - device.asked_at < device.interval - _EARLY
        device.asked_at = now
        if device.ends <= now:
            raise self._over(device_code)
        if too_fast:
            device.interval += SLOWER
            raise oauth_refused("slow_down", "Asked too fast", "SlowDown")
        for account in self._candidates(device):
            match account.decided(device.user_code):
                case "approve":
                    del self._devices[device_code]
                    return account
                case "deny":
                    del self._devices[device_code]
                    raise oauth_refused("access_denied", "Access denied", "AccessDenied")
                case "expire":
                    raise self._over(device_code)
        raise oauth_refused(
            "authorization_pending", "Authorization pending", "AuthorizationPending"
        )

    def _person(self, start_url: str) -> SimAccount | None:
        """Return the account of the person who confirms every login, if there is one."""
        if not (self._world.options.welcoming and start_url):
            return None
        kind: Kind = "builder-id" if start_url == BUILDER_START_URL else "enterprise"
        return self._world.newcomer(kind, start_url)

    def _over(self, device_code: str) -> TokenRefused:
        del self._devices[device_code]
        return oauth_refused("expired_token", "The device code has expired", "ExpiredToken")

    def _is_known(self, start_url: str, region: str) -> bool:
        return (start_url == BUILDER_START_URL and region in {"", "us-east-1"}) or any(
            account.start_url == start_url and region in {"", account.region}
            for account in self._world.accounts.values()
        )

    def _candidates(self, device: _Device) -> list[SimAccount]:
        return [
            account
            for account in self._world.accounts.values()
            if account.start_url == device.start_url and not account.revoked
        ]

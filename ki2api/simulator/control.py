"""The control plane: models, profiles and usage (docs/kiro.md §6)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias

import msgspec

from ki2api.simulator.access import Gate, is_of_region
from ki2api.simulator.accounts import SimAccount
from ki2api.simulator.catalogue import DEFAULT_MODEL
from ki2api.simulator.http import Request, Wire
from ki2api.simulator.operations import Operation, media_type, object_in
from ki2api.simulator.refusals import JSON_10, refusal
from ki2api.simulator.usage import usage_limits
from ki2api.simulator.world import World

_Told: TypeAlias = Mapping[str, Any]
_Tell: TypeAlias = Callable[[Request, SimAccount], _Told]
_SERVICES = ("AmazonCodeWhispererService", "KiroControlPlaneBearerService")


class ControlPlane:
    """The companion operations of one host."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate
        self._operations: Mapping[str, _Tell] = {
            "ListAvailableModels": self._models,
            "ListAvailableProfiles": self._profiles,
            "GetUsageLimits": self._usage,
        }

    def find(self, request: Request) -> Operation | None:
        """Find the operation that a request names, in either binding."""
        name = _named(request)
        return partial(self._serve, name) if name in self._operations else None

    async def _serve(self, name: str, request: Request, wire: Wire) -> None:
        account = self._gate.admit(request)
        self._world.asked[account.name, name] += 1
        if await self._world.disturbances.play(name, wire):
            return
        answer = self._operations[name](request, account)
        headers = {
            "content-type": media_type(request) or "application/json",
            "x-amzn-requestid": self._world.identifiers.uuid(),
        }
        await wire.respond(200, headers, msgspec.json.encode(answer))

    def _models(self, request: Request, account: SimAccount) -> _Told:
        asked = _asked(request)
        if account.kind == "api-key" and self._gate.wants_profile and not asked.get("profileArn"):
            # KIROCC: the management host lists no models for a key that names no profile.
            raise refusal("profile-required")
        self._check_profile(request, account, asked)
        if "origin" not in asked:
            raise refusal("improper", rule="origin")
        models = [model.listed() for model in self._world.models.values()]
        offered = [model for model in models if model["modelId"] not in account.withheld]
        start, size = self._page(asked)
        end = start + size
        return {
            "models": offered[start:end],
            "defaultModel": {"modelId": DEFAULT_MODEL},
            "nextToken": str(end) if end < len(offered) else None,
        }

    def _page(self, asked: _Told) -> tuple[int, int]:
        size = self._world.options.models_per_page
        try:
            start = int(asked.get("nextToken") or 0)
            return start, min(size, int(asked.get("maxResults") or size))
        except ValueError as error:
            raise refusal("improper", rule="next-token") from error

    def _profiles(self, request: Request, account: SimAccount) -> _Told:
        object_in(request)
        if account.kind == "builder-id":
            raise refusal("builder-id")
        arn = account.profile_arn
        profile = {
            "arn": arn,
            "profileName": f"KiroProfile-{account.api_region}",
            "status": "ACTIVE",
            "profileType": "KIRO",
        }
        profiles = [profile] if arn and is_of_region(arn, request.region) else []
        return {"profiles": profiles, "nextToken": None}

    def _usage(self, request: Request, account: SimAccount) -> _Told:
        asked = _asked(request)
        self._check_profile(request, account, asked, required=False)
        now = datetime.fromtimestamp(self._world.options.clock(), UTC)
        with_email = str(asked.get("isEmailRequired")).lower() == "true"
        return usage_limits(account, now, with_email=with_email)

    def _check_profile(
        self, request: Request, account: SimAccount, asked: _Told, *, required: bool = True
    ) -> None:
        arn = asked.get("profileArn")
        legacy_query = request.method == "GET" and not self._gate.wants_profile
        is_refused = legacy_query and not self._world.options.profile_in_legacy_query
        if arn and account.kind == "enterprise" and is_refused:
            # ZYPH: the older host refuses an enterprise profile in a query; LSP sends it (U13).
            raise refusal("improper", rule="profile-in-query")
        self._gate.check_profile(request, account, arn, required=required)


def _named(request: Request) -> str:
    target = request.headers.get("x-amz-target", "")
    match request.method, request.path:
        # A REST GET that carries a target names nothing (docs/kiro.md §2.2).
        case "GET", "/ListAvailableModels" | "/List-Available-Models" if not target:
            return "ListAvailableModels"
        case "GET", "/getUsageLimits" if not target:
            return "GetUsageLimits"
        case "POST", "/ListAvailableProfiles" if media_type(request) == "application/json":
            return "ListAvailableProfiles"
        case "POST", "/" if media_type(request) == JSON_10:
            service, _, name = target.rpartition(".")
            return name if service in _SERVICES else ""
        case _:
            return ""


def _asked(request: Request) -> _Told:
    return request.query if request.method == "GET" else object_in(request)

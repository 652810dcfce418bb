"""The control plane: models, profiles and usage (docs/kiro.md §6)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from ki2api.simulator.access import Gate
from ki2api.simulator.catalogue import DEFAULT_MODEL
from ki2api.simulator.http import Request, Wire
from ki2api.simulator.operations import Operation, media_type, object_in
from ki2api.simulator.refusals import JSON_10, refusal
from ki2api.simulator.usage import usage_limits
from ki2api.simulator.world import World

_SERVICES = ("AmazonCodeWhispererService", "KiroControlPlaneBearerService")


class ControlPlane:
    """The companion operations of one host."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate

    def find(self, request: Request) -> Operation | None:
        """Find the operation that a request names, in either binding."""
        target = request.headers.get("x-amz-target", "")
        match request.method, request.path:
            # A REST GET that carries a target names nothing (docs/kiro.md §2.2).
            case "GET", "/ListAvailableModels" | "/List-Available-Models" if not target:
                return self._models
            case "GET", "/getUsageLimits" if not target:
                return self._usage
            case "POST", "/ListAvailableProfiles" if media_type(request) == "application/json":
                return self._profiles
            case "POST", "/" if media_type(request) == JSON_10:
                return self._targeted(target)
            case _:
                return None

    def _targeted(self, target: str) -> Operation | None:
        service, _, name = target.rpartition(".")
        operations = {
            "ListAvailableModels": self._models,
            "ListAvailableProfiles": self._profiles,
            "GetUsageLimits": self._usage,
        }
        return operations.get(name) if service in _SERVICES else None

    async def _models(self, request: Request, wire: Wire) -> None:
        account = self._gate.admit(request)
        asked = _asked(request)
        if account.kind == "api-key" and self._gate.wants_profile and not asked.get("profileArn"):
            # KIROCC: the management host lists no models for a key that names no profile.
            raise refusal("profile-required")
        self._gate.check_profile(account, asked.get("profileArn"))
        if "origin" not in asked:
            raise refusal("improper", rule="origin")
        models = [model.listed() for model in self._world.models.values()]
        offered = [model for model in models if model["modelId"] not in account.withheld]
        start, size = self._page(asked)
        end = start + size
        listed = {
            "models": offered[start:end],
            "defaultModel": {"modelId": DEFAULT_MODEL},
            "nextToken": str(end) if end < len(offered) else None,
        }
        await self._answer(request, wire, listed)

    def _page(self, asked: Mapping[str, Any]) -> tuple[int, int]:
        size = self._world.options.models_per_page
        try:
            start = int(asked.get("nextToken") or 0)
            return start, min(size, int(asked.get("maxResults") or size))
        except ValueError as error:
            raise refusal("improper", rule="next-token") from error

    async def _profiles(self, request: Request, wire: Wire) -> None:
        account = self._gate.admit(request)
        object_in(request)
        if account.kind == "builder-id":
            raise refusal("builder-id")
        profile = {
            "arn": account.profile_arn,
            "profileName": "KiroProfile-us-east-1",
            "status": "ACTIVE",
            "profileType": "KIRO",
        }
        profiles = [profile] if account.profile_arn else []
        await self._answer(request, wire, {"profiles": profiles, "nextToken": None})

    async def _usage(self, request: Request, wire: Wire) -> None:
        account = self._gate.admit(request)
        asked = _asked(request)
        self._gate.check_profile(account, asked.get("profileArn"), required=False)
        now = datetime.fromtimestamp(self._world.options.clock(), UTC)
        with_email = str(asked.get("isEmailRequired")).lower() == "true"
        await self._answer(request, wire, usage_limits(account, now, with_email=with_email))

    async def _answer(self, request: Request, wire: Wire, answer: dict[str, Any]) -> None:
        headers = {
            "content-type": media_type(request) or "application/json",
            "x-amzn-requestid": self._world.identifiers.uuid(),
        }
        await wire.respond(200, headers, msgspec.json.encode(answer))


def _asked(request: Request) -> Mapping[str, Any]:
    return request.query if request.method == "GET" else object_in(request)

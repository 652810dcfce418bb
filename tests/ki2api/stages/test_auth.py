"""Who calls is said by the door where it let the request in, and else by the key that was sent."""

import pytest

from ki2api.errors import Unauthenticated
from ki2api.flow import Caller, GatewayFlow
from ki2api.keys import KeyRing
from ki2api.protocols import RawRequest
from ki2api.stages.auth import Auth, AuthConfig
from pipeline.secret import Secret
from pipeline.testing import build_flow, run_stage

pytestmark = pytest.mark.anyio

KEY = "a key of its owner's own"


async def caller(sent: str, let_in_as: str = "") -> Caller:
    headers = {"x-api-key": sent}
    request = RawRequest("f10e", "/v1/messages", headers, b"", 0.0, "10.0.0.7", let_in_as)
    stage = Auth(AuthConfig(), KeyRing([Secret(KEY)]))
    return (await run_stage(stage, build_flow(GatewayFlow, request=request))).caller


async def test_what_the_door_has_let_in_is_not_weighed_again() -> None:
    assert await caller("", let_in_as="laptop") == Caller("laptop", "10.0.0.7")


async def test_where_there_was_no_door_the_key_is_weighed_here() -> None:
    named = await caller(KEY)
    assert (named.key[:4], named.peer) == ("key-", "10.0.0.7")
    with pytest.raises(Unauthenticated):
        await caller("another")

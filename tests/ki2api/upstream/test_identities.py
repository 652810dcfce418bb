"""The ids that conversations have upstream."""

import asyncio
from contextlib import suppress

import pytest

from ki2api.conversation import Conversation, TextPart, Turn
from ki2api.errors import GatewayError, ModelNotOffered, RateLimited, UpstreamDisconnected
from ki2api.flow import GatewayFlow
from ki2api.upstream import identities
from ki2api.upstream.identities import Identities
from pipeline.testing import build_flow


def about(words: str) -> Conversation:
    return Conversation("claude-sonnet-4.5", (Turn("user", (TextPart(words),)),))


def test_ids_are_stable_until_they_are_burnt() -> None:
    ids = Identities()
    first = ids.of(about("cats"))
    assert ids.of(about("cats")) == first
    assert ids.of(about("dogs")) != first
    ids.burn(about("cats"))
    second = ids.of(about("cats"))
    assert second.conversation != first.conversation
    assert second.continuation != first.continuation
    assert ids.of(about("cats")) == second
    ids.burn(about("cats"))
    assert ids.of(about("cats")) not in (first, second)


def test_another_process_gives_other_ids() -> None:
    assert Identities().of(about("cats")) != Identities().of(about("cats"))


def test_only_so_many_burnt_ones_are_remembered() -> None:
    ids = Identities()
    for number in range(identities.REMEMBERED + 5):
        ids.burn(about(str(number)))
    assert len(ids._salts) == identities.REMEMBERED


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "burnt"),
    [
        (None, False),
        (ModelNotOffered("no"), False),
        (RateLimited("slow down"), True),
        (asyncio.CancelledError(), True),
    ],
)
async def test_an_attempt_that_fails_burns_the_ids_unless_the_caller_is_at_fault(
    error: BaseException | None, *, burnt: bool
) -> None:
    ids, flow = Identities(), build_flow(GatewayFlow, conversation=about("cats"))
    first = ids.of(about("cats"))
    with suppress(GatewayError, asyncio.CancelledError):
        async with flow.scope():
            ids.use(flow)
            if error:
                raise error
    await flow.aclose()
    assert (ids.of(about("cats")) != first) is burnt


@pytest.mark.anyio
async def test_a_reply_that_breaks_off_later_burns_them_too() -> None:
    ids, flow = Identities(), build_flow(GatewayFlow, conversation=about("cats"))
    first = ids.of(about("cats"))
    ids.use(flow)
    flow.failure = UpstreamDisconnected("broke off")
    await flow.aclose()
    assert ids.of(about("cats")) != first


@pytest.mark.anyio
async def test_the_conversation_that_was_put_to_kiro_is_burnt_and_not_what_stands_there_later() -> (
    None
):
    ids, flow = Identities(), build_flow(GatewayFlow, conversation=about("cats"))
    cats, dogs = ids.of(about("cats")), ids.of(about("dogs"))
    ids.use(flow)
    flow.conversation = about("dogs")
    flow.failure = UpstreamDisconnected("broke off")
    await flow.aclose()
    assert ids.of(about("cats")) != cats
    assert ids.of(about("dogs")) == dogs

"""The account-select stage, with a pool that keeps a diary."""

import asyncio
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ki2api.accounts.account import Credential
from ki2api.accounts.lease import Lease, Wish, leased
from ki2api.accounts.member import Member
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.strategies import Strategies, first_ready, least_used, round_robin
from ki2api.conversation import Conversation, ImagePart, Metadata, TextPart, Turn
from ki2api.errors import (
    AccountRefused,
    AccountSuspended,
    EmptyReply,
    GatewayError,
    ModelNotOffered,
    NoAccountLeft,
    ProfileRefused,
    RateLimited,
    TokenExpired,
    UnknownModel,
    UpstreamDisconnected,
    UpstreamUnavailable,
)
from ki2api.flow import Attempt, Caller, GatewayFlow
from ki2api.models import Catalogue
from ki2api.protocols import RawRequest
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.stages.account_select import AccountSelect, AccountSelectConfig
from pipeline import Secret, SettingsError
from pipeline.assemble import assemble
from pipeline.catalog import Catalog
from pipeline.testing import SpyEndpoint, batches, build_flow, run_stage

pytestmark = pytest.mark.anyio
HELLO = Conversation("claude-sonnet-4-5", (Turn("user", (TextPart("Hello"),)),))


def of_account(name: str) -> Lease:
    return leased(Member(Credential(name, "api-key", api_key=Secret("token")), 0, 0.0, 0.0), "")


class Diary:
    """A pool that leases account `a`, and remembers what it was asked."""

    def __init__(
        self, *, renewable: bool = True, profile: bool = True, listed: bool = True
    ) -> None:
        self.wishes: list[Wish] = []
        self.ready = ["a"]
        self.released: list[tuple[BaseException | None, bool]] = []
        self.renewed = self.sought = 0
        self._renewable = renewable
        self._profile = profile
        self._listed = listed

    @property
    def reasons(self) -> list[BaseException | None]:
        return [error for error, _ in self.released]

    async def lease(self, wish: Wish) -> Lease:
        self.wishes.append(wish)
        return of_account("a")

    def peek(self, wish: Wish) -> Lease:
        self.wishes.append(wish)
        if not self.ready:
            raise NoAccountLeft("no account can serve now:\na: resting")
        return of_account(self.ready[0])

    def statuses(self) -> list[Any]:
        ready = [SimpleNamespace(name=name, state="ready") for name in self.ready]
        return [*ready, SimpleNamespace(name="z", state="cooling", reason="too many requests")]

    def release(self, _: Lease, error: BaseException | None, *, served: bool) -> None:
        self.released.append((error, served))

    async def renew(self, _: Lease) -> None:
        self.renewed += 1
        if not self._renewable:
            raise AccountRefused("needs a new login")

    def may_have(self, _: Lease) -> bool:
        return self._listed

    async def find_profile(self, _: Lease) -> bool:
        self.sought += 1
        return self._profile


@pytest.fixture
def diary() -> Diary:
    return Diary()


def flow_with(
    *attempts: Attempt, conversation: Conversation = HELLO, caller: str = "default"
) -> GatewayFlow:
    return build_flow(
        GatewayFlow,
        conversation=conversation,
        caller=Caller(caller, "127.0.0.1"),
        target=Catalogue().find("claude-sonnet-4-5"),
        attempts=list(attempts),
    )


async def run(
    diary: Diary,
    flow: GatewayFlow,
    *fails: BaseException,
    config: AccountSelectConfig | None = None,
    folder: Path = Path(),
) -> SpyEndpoint:
    endpoint = SpyEndpoint({"events": batches()}, fails=fails)
    stage = AccountSelect(
        config or AccountSelectConfig(), cast("AccountPool", diary), Strategies(folder)
    )
    async with flow.scope():
        await run_stage(stage, flow, cast("Any", endpoint))
    return endpoint


async def wish_for(
    diary: Diary,
    conversation: Conversation = HELLO,
    *,
    caller: str = "default",
    config: AccountSelectConfig | None = None,
) -> Wish:
    await run(diary, flow_with(conversation=conversation, caller=caller), config=config)
    return diary.wishes[-1]


def said(*texts: str, system: str = "", session: str | None = None) -> Conversation:
    """Make a conversation in which user and assistant speak in turn."""
    turns = tuple(
        Turn("assistant" if number % 2 else "user", (TextPart(text),))
        for number, text in enumerate(texts)
    )
    return Conversation(
        "claude-sonnet-4-5",
        turns,
        system=(TextPart(system),) if system else (),
        metadata=Metadata(session=session),
    )


async def test_the_lease_lasts_as_long_as_the_flow(diary: Diary) -> None:
    flow = flow_with()
    await run(diary, flow)
    assert flow.account.name == "a"
    assert diary.released == []
    await flow.aclose()
    assert diary.released == [(None, True)]


async def test_a_failure_gives_the_account_back_at_once_with_its_reason(diary: Diary) -> None:
    flow, error = flow_with(), RateLimited("slow down")
    with pytest.raises(RateLimited):
        await run(diary, flow, error)
    assert diary.reasons == [error]
    await flow.aclose()
    assert diary.reasons == [error]


async def test_a_reply_that_breaks_off_later_is_known_at_the_release(diary: Diary) -> None:
    flow = flow_with()
    await run(diary, flow)
    flow.failure = UpstreamDisconnected("gone")
    await flow.aclose()
    assert diary.released == [(flow.failure, True)]


async def test_a_client_that_leaves_before_the_first_event_tells_nothing_of_the_account(
    diary: Diary,
) -> None:
    flow = flow_with()
    with pytest.raises(asyncio.CancelledError):
        await run(diary, flow, asyncio.CancelledError())
    await flow.aclose()
    assert [served for _, served in diary.released] == [False]


async def test_a_reply_that_another_stage_has_taken_over_counts_as_served(diary: Diary) -> None:
    flow = flow_with()
    await run(diary, flow)
    del flow.events
    await flow.aclose()
    assert diary.released == [(None, True)]


async def test_an_expired_token_is_renewed_and_the_request_repeated_once(diary: Diary) -> None:
    endpoint = await run(diary, flow_with(), TokenExpired("403"))
    assert diary.renewed == 1
    assert len(endpoint.flows) == 2
    assert diary.released == []


async def test_a_second_refusal_or_a_failed_renewal_ends_the_attempt(
    diary: Diary,
) -> None:
    with pytest.raises(TokenExpired, match="again"):
        await run(diary, flow_with(), TokenExpired("403"), TokenExpired("again"))
    assert [str(error) for error in diary.reasons] == ["again"]
    diary = Diary(renewable=False)
    with pytest.raises(AccountRefused):
        await run(diary, flow_with(), TokenExpired("403"))
    assert isinstance(diary.reasons[0], AccountRefused)


async def test_a_refused_profile_is_looked_up_and_the_request_repeated_once(diary: Diary) -> None:
    endpoint = await run(diary, flow_with(), ProfileRefused("wrong one"))
    assert diary.sought == 1
    assert len(endpoint.flows) == 2
    with pytest.raises(ProfileRefused, match="again"):
        await run(diary, flow_with(), ProfileRefused("wrong one"), ProfileRefused("again"))
    assert [str(error) for error in diary.reasons] == ["again"]


async def test_where_there_is_no_other_profile_the_refusal_stands() -> None:
    diary, error = Diary(profile=False), ProfileRefused("wrong one")
    with pytest.raises(ProfileRefused):
        await run(diary, flow_with(), error)
    assert diary.sought == 1
    assert diary.reasons == [error]


async def test_an_account_refused_for_another_reason_is_not_mended(diary: Diary) -> None:
    with pytest.raises(AccountRefused):
        await run(diary, flow_with(), AccountRefused("no permission"))
    assert (diary.renewed, diary.sought) == (0, 0)


@pytest.mark.parametrize(
    ("past", "never", "last"),
    [
        ([("a", RateLimited("x"))], {"a"}, set()),
        ([("a", ModelNotOffered("x"))], {"a"}, set()),
        ([("a", UpstreamUnavailable("x"))], set(), {"a"}),
        ([("a", UpstreamUnavailable("x")), ("a", UpstreamUnavailable("x"))], {"a"}, set()),
        ([("a", UpstreamUnavailable("x")), ("b", RateLimited("x"))], {"b"}, {"a"}),
        ([(None, UpstreamUnavailable("x"))], set(), set()),
        ([("a", EmptyReply("x"))], set(), {"a"}),
        ([("a", AccountSuspended("x"))], {"a"}, set()),
    ],
)
async def test_accounts_that_failed_are_not_or_last_asked_for(
    diary: Diary, past: list[tuple[str | None, GatewayError]], never: set[str], last: set[str]
) -> None:
    await run(diary, flow_with(*[Attempt(name, error) for name, error in past]))
    assert (diary.wishes[0].never, diary.wishes[0].last) == (never, last)


async def test_it_also_works_without_the_stages_auth_and_retry(diary: Diary) -> None:
    target = Catalogue().find("claude-sonnet-4.5")
    await run(diary, build_flow(GatewayFlow, conversation=HELLO, target=target))
    assert (diary.wishes[0].never, diary.wishes[0].last) == (set(), set())


async def test_the_model_that_serves_is_wished_for(diary: Diary) -> None:
    assert (await wish_for(diary)).model == "claude-sonnet-4.5"


@pytest.mark.parametrize(
    ("word", "strategy"),
    [("round-robin", round_robin), ("first-ready", first_ready), ("least-used", least_used)],
)
async def test_the_strategy_is_that_of_the_settings(
    diary: Diary, word: str, strategy: Callable[..., Any]
) -> None:
    config = AccountSelectConfig(strategy=word)
    assert (await wish_for(diary, config=config)).choose is strategy


async def test_a_named_session_is_one_conversation_whatever_is_said_in_it(diary: Diary) -> None:
    first = await wish_for(diary, said("Hello", session="s"))
    second = await wish_for(diary, said("Something else", session="s"))
    other = await wish_for(diary, said("Hello", session="t"))
    assert first.session == second.session != other.session
    assert first.comes_back
    assert first.sticky == 3600


ANTHROPIC_BODY = b"""{"model": "claude-sonnet-4-5", "max_tokens": 9, %b
    "messages": [{"role": "user", "content": "Hello"}]}"""
OPENAI_BODY = b"""{"model": "claude-sonnet-4-5", %b
    "messages": [{"role": "user", "content": "Hello"}]}"""


@pytest.mark.parametrize(
    ("protocol", "body", "headers"),
    [
        (ANTHROPIC, ANTHROPIC_BODY % b"", {"x-claude-code-session-id": "s-1"}),
        (OPENAI_CHAT, OPENAI_BODY % b"", {"x-session-id": "s-1"}),
        (ANTHROPIC, ANTHROPIC_BODY % b'"metadata": {"user_id": "user_1_session_s-1"},', {}),
        (OPENAI_CHAT, OPENAI_BODY % b'"prompt_cache_key": "s-1",', {}),
    ],
)
async def test_every_way_in_which_clients_name_a_session_is_the_same_conversation(
    diary: Diary, protocol: Any, body: bytes, headers: dict[str, str]
) -> None:
    conversation, _ = protocol.decode(RawRequest("f", "/v1", headers, body, 0.0))
    wish = await wish_for(diary, conversation)
    assert wish.comes_back
    assert wish.session == (await wish_for(diary, said("Any", session="s-1"))).session


async def test_without_a_session_a_conversation_is_known_by_its_beginning(diary: Diary) -> None:
    first = await wish_for(diary, said("Hello", system="Be brief."))
    again = await wish_for(diary, said("Hello", "Hi!", "And now?", system="Be brief."))
    assert again.session == first.session
    assert not first.comes_back
    assert again.comes_back
    for other in (
        said("Hi", "Hi!", "And now?", system="Be brief."),
        said("Hello", "Hi!", "And now?", system="Be long."),
        said("Hello", "Hi!", "And now?"),
    ):
        assert (await wish_for(diary, other)).session != first.session


async def test_pictures_and_lone_surrogates_do_not_hinder_that(diary: Diary) -> None:
    parts = (ImagePart("png", "aGk="), TextPart("\ud83d"))
    odd = Conversation("claude-sonnet-4-5", (Turn("user", parts),))
    assert (await wish_for(diary, odd)).session != (await wish_for(diary)).session


async def test_the_text_of_a_first_message_is_no_sessions_name(diary: Diary) -> None:
    named = await wish_for(diary, said("Hello", session="Hello"))
    assert named.session != (await wish_for(diary, said("Hello"))).session


async def test_callers_do_not_share_their_conversations(diary: Diary) -> None:
    for conversation in (said("Hello"), said("Hello", session="s")):
        mine = await wish_for(diary, conversation, caller="mine")
        yours = await wish_for(diary, conversation, caller="yours")
        assert mine.session != yours.session


async def test_with_no_sticky_minutes_no_conversation_is_remembered(diary: Diary) -> None:
    config = AccountSelectConfig(sticky_minutes=0)
    assert (await wish_for(diary, said("Hello", session="s"), config=config)).session == ""
    wish = await wish_for(diary, said("Hello"), config=AccountSelectConfig(sticky_minutes=1.5))
    assert wish.sticky == 90


@pytest.mark.parametrize(
    ("line", "code", "fault"),
    [
        (
            'strategy = "round-robbin"',
            "",
            'there is no strategy "round-robbin" - did you mean "round-robin"?',
        ),
        (
            'strategy = "random"',
            "",
            "there are round-robin, first-ready, least-used, or file.py:function",
        ),
        ('strategy = "mine.py:pick"', "", "cannot read"),
        ('strategy = "mine.py:pick"', "def choose(candidates, now): ...", "AttributeError"),
        ('strategy = "mine.py:pick"', "pick = 3", "pick of mine.py is not a function"),
        ('strategy = "mine.py:pick"', "x = 1\nraise OSError('no dice')", "mine.py:2: OSError"),
        ("strategy = 3", "", "[account-select] strategy: expected str, got int"),
        ("sticky-minutes = -1", "", "sticky-minutes"),
    ],
)
def test_a_fault_of_its_settings_names_file_and_line(
    diary: Diary, tmp_path: Path, line: str, code: str, fault: str
) -> None:
    if code:
        (tmp_path / "mine.py").write_text(code)
        (tmp_path / "mine.py").chmod(0o644)
    text = f'[[pipeline]]\nstage = "account-select"\n{line}\n'
    with pytest.raises(SettingsError) as caught:
        assemble(
            tomllib.loads(text)["pipeline"],
            catalog=Catalog({"account-select": AccountSelect}),
            endpoint=cast("Any", SpyEndpoint()),
            flow_type=GatewayFlow,
            services={AccountPool: diary, Strategies: Strategies(tmp_path)},
            defaults=(),
            folder=tmp_path,
            text=text,
            source="config.toml",
        )
    assert "config.toml:" in str(caught.value)
    assert fault in str(caught.value)


async def test_a_strategy_of_ones_own_may_stand_beside_the_settings(
    diary: Diary, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def pick(candidates, now):\n    return candidates[-1]\n")
    path.chmod(0o644)
    config = AccountSelectConfig(strategy="mine.py:pick")
    await run(diary, flow_with(), config=config, folder=tmp_path)
    candidates = [cast("Any", "a"), cast("Any", "b")]
    assert cast("Any", diary.wishes[0].choose(candidates, 0.0)) == "b"


@pytest.mark.parametrize("listed", [True, False])
async def test_a_model_that_no_list_has_is_asked_of_one_account_only(*, listed: bool) -> None:
    diary = Diary(listed=listed)
    with pytest.raises(UnknownModel, match="not offered") as refused:
        await run(diary, flow_with(), ModelNotOffered("not offered", path="model"))

    assert refused.value.retry == ("other" if listed else "no")
    assert [isinstance(error, ModelNotOffered) for error in diary.reasons] == [listed]


@pytest.mark.parametrize(
    ("ready", "name", "note"),
    [
        (["a"], "a", "a would serve: no other could"),
        (["b", "a"], "b", "b would serve: chosen by round-robin among b, a"),
        ([], "(no account)", "no account can serve now"),
    ],
)
async def test_a_dry_flow_holds_no_account_and_says_which_would_serve(
    diary: Diary, ready: list[str], name: str, note: str
) -> None:
    diary.ready = ready
    flow = flow_with()
    flow.dry = True
    await run(diary, flow)
    assert flow.account.name == name
    assert [note.text for note in flow.notes] == ["z is cooling: too many requests", note]
    assert (len(diary.wishes), diary.released) == (1, [])

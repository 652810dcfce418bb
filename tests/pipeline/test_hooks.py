"""A file of hooks as a stage: when each hook runs, what it is given, and what is refused."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from types import ModuleType
from typing import Any

import pytest

from pipeline import Flow, Slot, StageConfig, StageNotFound, config_type
from pipeline.hooks import HookStage, hook_stage
from pipeline.stream import Batch
from pipeline.testing import SpyEndpoint, batches, build_flow, run_stage

pytestmark = pytest.mark.anyio

CONFIG = """
from pipeline import StageConfig

class Config(StageConfig, frozen=True):
    word: str = "secret"
"""
numbers = count()


class ChatFlow(Flow):
    request: Slot[str] = Slot()
    response: Slot[str] = Slot()


def module(source: str) -> ModuleType:
    made = ModuleType(f"hooks_{next(numbers)}", "Does something.")
    made.__file__ = "hooks.py"
    exec(compile(source, "hooks.py", "exec"), vars(made))  # noqa: S102 - as the catalog does
    return made


def stage(source: str) -> HookStage[Any]:
    made = hook_stage(module(source), "hooks")
    return made(config_type(made)())


def refusal(source: str) -> str:
    with pytest.raises(StageNotFound) as caught:
        hook_stage(module(source), "hooks")
    return str(caught.value)


def broken(error: Exception) -> AsyncIterator[Batch[Any]]:
    async def stream() -> AsyncIterator[Batch[Any]]:
        yield (1,)
        raise error

    return stream()


async def taken(flow: Flow) -> list[Batch[Any]]:
    return [batch async for batch in flow.events]


@pytest.mark.parametrize("form", ["def", "async def"])
async def test_request_runs_on_the_way_in(form: str) -> None:
    flow = build_flow(ChatFlow, request="hello")
    endpoint = SpyEndpoint()
    await run_stage(stage(f"{form} request(flow): flow.request += ' there'"), flow, endpoint)
    assert flow.request == "hello there"


async def test_what_request_raises_keeps_the_flow_out() -> None:
    endpoint = SpyEndpoint()
    with pytest.raises(PermissionError):
        await run_stage(stage("def request(flow): raise PermissionError"), ChatFlow(), endpoint)
    assert endpoint.flows == []


async def test_event_sees_single_events_and_none_drops_one() -> None:
    double = stage("def event(flow, event): return event * 2 if event < 3 else None")
    flow = await run_stage(double, ChatFlow(), SpyEndpoint({"events": batches((1, 3), (3,), (2,))}))
    assert await taken(flow) == [(2,), (4,)]


async def test_response_runs_once_when_the_response_is_ready_even_after_a_second_attempt() -> None:
    class Again(SpyEndpoint):
        async def __call__(self, flow: Flow) -> None:
            await hooked(flow, SpyEndpoint())
            await hooked(flow, SpyEndpoint())
            assert isinstance(flow, ChatFlow)
            flow.response = "ready"

    flow = ChatFlow()
    hooked = stage("async def response(flow): flow.note('hooks', flow.response)")
    twin = stage("def response(flow): flow.note('twin', flow.response)")
    await run_stage(twin, flow, Again())
    assert [(note.stage, note.text) for note in flow.notes] == [
        ("hooks", "ready"),
        ("twin", "ready"),
    ]


@pytest.mark.parametrize("form", ["def", "async def"])
async def test_an_error_that_passes_by_can_be_replaced(form: str) -> None:
    polite = stage(f"{form} error(flow, error): return ValueError(f'sorry: {{error}}')")
    cause = OSError("down")
    with pytest.raises(ValueError, match="sorry: down") as caught:
        await run_stage(polite, ChatFlow(), SpyEndpoint(fails=[cause]))
    assert caught.value.__cause__ is cause


@pytest.mark.parametrize("outcome", ["None", "error", "'a text'"])
async def test_an_error_goes_on_unless_another_one_is_returned(outcome: str) -> None:
    watching = stage(f"def error(flow, error):\n flow.note('seen', str(error))\n return {outcome}")
    flow, cause = ChatFlow(), OSError("down")
    with pytest.raises(OSError, match="down") as caught:
        await run_stage(watching, flow, SpyEndpoint(fails=[cause]))
    assert caught.value is cause
    assert cause.__cause__ is None
    assert len(flow.notes) == 1


async def test_an_error_in_the_middle_of_the_stream_is_shown_too() -> None:
    polite = stage("def error(flow, error): return ValueError(f'sorry: {error}')")
    flow = await run_stage(polite, ChatFlow(), SpyEndpoint({"events": broken(OSError("cut"))}))
    assert await anext(flow.events) == (1,)
    with pytest.raises(ValueError, match="sorry: cut"):
        await anext(flow.events)


async def test_an_error_of_the_files_own_event_hook_is_shown_to_its_error_hook() -> None:
    both = stage("def event(flow, event): 1 / 0\ndef error(flow, error): return ValueError('own')")
    flow = await run_stage(both, ChatFlow(), SpyEndpoint({"events": batches((1,))}))
    with pytest.raises(ValueError, match="own"):
        await taken(flow)


async def test_the_end_of_a_watched_stream_is_no_error() -> None:
    watching = stage("def error(flow, error): flow.note('seen', repr(error))")
    flow = await run_stage(watching, ChatFlow(), SpyEndpoint({"events": batches((1,), (2,))}))
    assert await taken(flow) == [(1,), (2,)]
    assert flow.notes == []


async def test_a_cancellation_is_not_shown_and_not_replaced() -> None:
    class Cancelled(SpyEndpoint):
        async def __call__(self, flow: Flow) -> None:
            raise asyncio.CancelledError

    watching = stage("def error(flow, error): return ValueError('mine')")
    with pytest.raises(asyncio.CancelledError):
        await run_stage(watching, ChatFlow(), Cancelled())


async def test_closing_a_watched_stream_closes_the_one_inside() -> None:
    closed = []

    async def stream() -> AsyncIterator[Batch[Any]]:
        try:
            yield (1,)
            yield (2,)
        finally:
            closed.append("inside")

    both = stage("def event(flow, event): return event\ndef error(flow, error): pass")
    flow = await run_stage(both, ChatFlow(), SpyEndpoint({"events": stream()}))
    await anext(flow.events)
    await flow.events.aclose()
    assert closed == ["inside"]


async def test_hooks_that_take_config_get_the_settings_of_their_table() -> None:
    made = hook_stage(
        module(
            CONFIG
            + """
def request(flow, config): flow.note("request", config.word)
def event(flow, event, config): return event + config.word
async def response(flow, *, config): flow.note("response", config.word)
def error(flow, error): ...
"""
        ),
        "hooks",
    )
    assert config_type(made).__name__ == "Config"
    flow = ChatFlow()
    await run_stage(
        made(config_type(made)(word="!")), flow, SpyEndpoint({"events": batches(("a",))})
    )
    assert await taken(flow) == [("a!",)]
    assert [(note.stage, note.text) for note in flow.notes] == [("request", "!"), ("response", "!")]


async def test_a_hook_may_call_what_it_is_given_as_it_likes() -> None:
    odd = stage(f"{CONFIG}\ndef event(request, config): return config + 1")
    flow = await run_stage(odd, ChatFlow(), SpyEndpoint({"events": batches((1,))}))
    assert await taken(flow) == [(2,)]


def test_a_file_declares_the_slots_that_it_uses() -> None:
    made = hook_stage(
        module("requires = {'request'}\nanswers = {'response'}\ndef event(flow, event): ..."),
        "mine",
    )
    assert [*made.requires, *made.awaits, *made.answers] == ["request", "events", "response"]
    assert made.provides == frozenset()
    assert (made.name, made.__name__, made.__doc__) == ("mine", "mine", "Does something.")
    assert config_type(made) is StageConfig


def test_a_file_without_event_awaits_nothing_of_itself() -> None:
    assert hook_stage(module("def request(flow): ..."), "mine").awaits == frozenset()


def test_private_and_imported_functions_are_not_hooks() -> None:
    source = (
        "from inspect import getfile as event\ndef _reqest(flow): ...\nrequest = lambda flow: 1"
    )
    assert set(hook_stage(module(source), "mine").hooks) == {"request"}


def test_a_file_with_nothing_to_run_is_refused() -> None:
    assert refusal("x = 1") == "hooks.py: there is neither a Stage class nor a hook in this file"


def test_a_misspelt_hook_is_found() -> None:
    assert refusal("\ndef reqest(flow): ...\ndef response(flow): ...") == (
        'hooks.py:2: reqest is no hook - did you mean "request"? (a helper\'s name begins with _)'
    )


@pytest.mark.parametrize(
    "source",
    [
        "def event(flow): ...",
        "def event(flow, event, more): ...",
        "def event(flow, event, a, config): ...",
    ],
)
def test_a_hook_with_other_parameters_is_refused(source: str) -> None:
    assert refusal(CONFIG + source) == (
        "hooks.py:6: event takes (flow, event), and config after them"
    )


def test_a_hook_that_takes_config_needs_a_config() -> None:
    assert refusal("Config = 5\ndef request(flow, config): ...") == (
        "hooks.py:2: request takes config, but there is no Config(StageConfig) here"
    )


def test_a_hook_that_yields_or_an_event_that_is_async_is_refused() -> None:
    source = """
def request(flow): yield
async def response(flow): yield
async def event(flow, event): ...
"""
    assert refusal(source).split("\n") == [
        "hooks.py:2: request must not yield",
        "hooks.py:4: event must not be async, since it runs within a batch",
        "hooks.py:3: response must not yield",
    ]


def test_slots_that_are_not_declared_as_a_set_are_refused() -> None:
    assert refusal("awaits = 'events'\ndef request(flow): ...") == (
        'hooks.py: awaits must be a set of slot names, such as {"events"}'
    )

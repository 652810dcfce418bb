"""The route stage."""

import pytest

from ki2api.conversation import Conversation, Thinking
from ki2api.errors import ModelNotOffered, UnknownModel
from ki2api.flow import GatewayFlow
from ki2api.models import Catalogue
from ki2api.stages.route import Route, RouteConfig
from pipeline.testing import SpyEndpoint, build_flow, run_stage

pytestmark = pytest.mark.anyio


async def routed(
    model: str, unknown_model: str = "pass", thinking: Thinking | None = None
) -> GatewayFlow:
    conversation = Conversation(model, (), thinking=thinking or Thinking())
    flow = build_flow(GatewayFlow, conversation=conversation)
    stage = Route(RouteConfig(unknown_model), Catalogue(aliases={"gpt-4o": "claude-sonnet-4.5"}))
    return await run_stage(stage, flow)


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
        ("claude-sonnet-4.5", "claude-sonnet-4.5"),
        ("gpt-4o", "claude-sonnet-4.5"),
        ("brand-new-model", "brand-new-model"),
    ],
)
async def test_names_are_mapped_and_unknown_ones_left_to_kiro(asked: str, served: str) -> None:
    flow = await routed(asked)
    assert flow.target.model.id == served
    assert bool(flow.notes) == (asked != served)


async def test_an_unknown_model_may_be_refused_with_a_hint() -> None:
    with pytest.raises(UnknownModel, match=r'did you mean "claude-sonnet-4\.5"') as caught:
        await routed("claude-sonet-4.5", "refuse")
    assert caught.value.path == "model"
    assert (await routed("claude-haiku-4-5", "refuse")).target.model.id == "claude-haiku-4.5"
    with pytest.raises(UnknownModel, match="no model 'zzzz'"):
        await routed("zzzz", "refuse")


async def test_or_another_model_may_take_its_place() -> None:
    assert (await routed("zzzz", "auto")).target.model.id == "auto"
    assert (await routed("claude-haiku-4-5", "auto")).target.model.id == "claude-haiku-4.5"


@pytest.mark.parametrize(
    ("asked", "heeded"),
    [
        (Thinking(), Thinking(enabled=True, effort="high")),
        (Thinking(effort="low"), Thinking(enabled=True, effort="low")),
        (Thinking(budget=5), Thinking(enabled=True, budget=5)),
    ],
)
async def test_the_models_name_may_ask_for_thinking(asked: Thinking, heeded: Thinking) -> None:
    flow = await routed("claude-opus-4.8-thinking-high", thinking=asked)
    assert flow.conversation.thinking == heeded
    assert "thinking" in flow.notes[-1].text


async def test_what_the_request_says_of_thinking_wins() -> None:
    said = Thinking(enabled=False, effort="low")
    flow = await routed("claude-opus-4.8-thinking-high", thinking=said)
    assert flow.conversation.thinking == said
    assert len(flow.notes) == 1


@pytest.mark.parametrize("error", [ModelNotOffered("No account has it."), UnknownModel("None.")])
@pytest.mark.parametrize("asked", ["claude-sonet-4.5", "mine"])
async def test_a_model_that_kiro_does_not_offer_is_told_alike_whoever_found_it_out(
    asked: str, error: UnknownModel
) -> None:
    catalogue = Catalogue(aliases={"mine": "claude-sonnet-4.5"})
    stage = Route(RouteConfig(), catalogue)
    flow = build_flow(GatewayFlow, conversation=Conversation(asked, ()))
    with pytest.raises(UnknownModel) as caught:
        await run_stage(stage, flow, SpyEndpoint(fails=[error]))
    assert caught.value.message == catalogue.unknown(asked, path="model").message

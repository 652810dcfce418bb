from collections.abc import Iterator, Sequence

import pytest

from ki2api.conversation import Thinking
from ki2api.errors import UnknownModel
from ki2api.models import FALLBACK, Catalogue, Model, canonical


@pytest.mark.parametrize(
    ("name", "id_at_kiro"),
    [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
        ("claude-3-7-sonnet-20250219", "claude-sonnet-3.7"),
        ("claude-opus-4-6[1m]", "claude-opus-4.6"),
        ("claude-haiku-4-5", "claude-haiku-4.5"),
        ("claude-opus-5-5", "claude-opus-5.5"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-sonnet-4-0", "claude-sonnet-4"),
        ("claude-opus-4.0", "claude-opus-4"),
        ("claude-4-sonnet", "claude-sonnet-4"),
        ("claude-3-5-haiku-latest", "claude-haiku-3.5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4.5"),
        ("claude-sonnet-4-5-thinking", "claude-sonnet-4.5"),
        ("claude-opus-4-8-thinking-high", "claude-opus-4.8"),
        ("claude-sonnet-4.5-1m", "claude-sonnet-4.5-1m"),
        ("claude-sonnet-4-5-1m", "claude-sonnet-4.5-1m"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4.5"),
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4.5"),
        ("CLAUDE_SONNET_4_5_20250929_V1_0", "claude-sonnet-4.5"),
        (" Kiro/Claude-Opus-5 ", "claude-opus-5"),
        ("kiro-claude-opus-5", "claude-opus-5"),
        ("gpt-5.6-sol-high", "gpt-5.6-sol"),
        ("gpt-4o", "gpt-4o"),
        ("gpt-5.1-codex-max", "gpt-5.1-codex-max"),
        ("anthropic/gpt-5.6-sol", "gpt-5.6-sol"),
        ("anthropic/auto-kiro", "auto"),
        ("openai/gpt-5.6-sol", "gpt-5.6-sol"),
        ("OpenAI/claude-sonnet-4-5", "claude-sonnet-4.5"),
        ("auto-kiro", "auto"),
        ("auto", "auto"),
    ],
)
def test_client_names_become_kiros(name: str, id_at_kiro: str) -> None:
    assert canonical(name) == id_at_kiro
    assert canonical(id_at_kiro) == id_at_kiro


@pytest.mark.parametrize(
    ("name", "thinking"),
    [
        ("claude-sonnet-4-5-thinking", Thinking(enabled=True)),
        ("claude-sonnet-4-5-20250929-thinking", Thinking(enabled=True)),
        ("Claude-Opus-4-8-Thinking-High", Thinking(enabled=True, effort="high")),
        ("claude-opus-4.8-thinking[1m]", Thinking(enabled=True)),
        ("us.anthropic.claude-opus-4-8-low", Thinking(enabled=True, effort="low")),
        ("gpt-5.6-sol-xhigh", Thinking(enabled=True, effort="xhigh")),
        ("gpt-5.6-sol-none", Thinking(enabled=False)),
        ("deep", Thinking(enabled=True, effort="max")),
        ("claude-opus-4.8", Thinking()),
        ("gpt-5.1-codex-max", Thinking()),
        ("listed-high", Thinking()),
        ("claude-listed-high", Thinking()),
    ],
)
def test_a_name_may_say_how_to_think(name: str, thinking: Thinking) -> None:
    listed = (*FALLBACK, Model("listed-high"), Model("claude-listed-high"))
    catalogue = Catalogue(lambda: listed, aliases={"deep": "claude-opus-5-max"})
    assert catalogue.find(name).thinking == thinking


def test_every_id_of_the_list_is_found_as_it_is() -> None:
    catalogue = Catalogue()
    for model in FALLBACK:
        assert catalogue.find(model.id).model is model
        assert catalogue.known(model.id)
    assert catalogue.models() == FALLBACK


def test_the_clients_word_is_kept() -> None:
    target = Catalogue().find("claude-sonnet-4-5-20250929")
    assert target.asked == "claude-sonnet-4-5-20250929"
    assert target.model.id == "claude-sonnet-4.5"
    assert target.model.window == 200_000


def test_aliases_win_and_may_aim_at_any_name() -> None:
    catalogue = Catalogue(aliases={"GPT-4o": "claude-sonnet-4-5", "auto": "claude-opus-5"})
    assert catalogue.find("gpt-4o").model.id == "claude-sonnet-4.5"
    assert catalogue.find("auto").model.id == "claude-opus-5"
    assert catalogue.known("gpt-4O ")
    assert catalogue.find("openai/gpt-4o").model.id == "claude-sonnet-4.5"
    assert catalogue.find("anthropic/auto").model.id == "claude-opus-5"
    assert catalogue.find("auto-kiro").model.id == "auto"


def test_an_id_of_the_list_is_never_rewritten() -> None:
    odd = Model("claude-sonnet-4-5")
    assert Catalogue(lambda: [odd]).find("claude-sonnet-4-5").model is odd


def test_an_unknown_id_passes_with_usual_limits() -> None:
    catalogue = Catalogue()
    assert catalogue.find("claude-opus-6-20270101").model == Model("claude-opus-6")
    assert not catalogue.known("claude-opus-6-20270101")


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "x" * 129, "模型", "a\nb"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        Catalogue().find(name)
    assert caught.value.path == "model"
    assert len(caught.value.detail) < 300
    assert caught.value.detail.isprintable()


def test_near_names_are_offered() -> None:
    catalogue = Catalogue(aliases={"My-Model": "auto"})
    assert catalogue.unknown("claude-sonet-4-5", path="model").message == (
        "model: Kiro offers your accounts no model 'claude-sonet-4-5'"
        ' - did you mean "claude-sonnet-4.5"? GET /v1/models lists what there is;'
        " [[models]] in config.toml can make this name mean one of them."
    )
    assert 'did you mean "My-Model"?' in catalogue.unknown("my-modle").detail
    assert "no model 'zzzz'. GET /v1/models" in catalogue.unknown("zzzz").detail
    with pytest.raises(UnknownModel, match=r'did you mean "claude-sonnet-4\.5"'):
        catalogue.find("claude sonnet 4.5")


def test_a_model_is_never_offered_in_its_own_place() -> None:
    catalogue = Catalogue(aliases={"fast": "claude-haiku-4.5"})
    assert "haiku-4.5'. GET" in Catalogue(lambda: FALLBACK[-5:]).unknown("claude-haiku-4.5").detail
    assert "no model 'claude-opus-5' - did you mean \"claude-opus-5.5\"?" in (
        catalogue.unknown("claude-opus-5").detail
    )
    assert "no model 'fast' (by its alias 'claude-haiku-4.5')" in catalogue.unknown("fast").detail


def test_the_list_may_change_at_any_time() -> None:
    lists: list[Sequence[Model]] = [FALLBACK]
    catalogue = Catalogue(lambda: lists[-1])
    assert catalogue.find("claude-sonnet-4-5").model.window == 200_000
    wider = Model("claude-sonnet-4.5", window=400_000, max_output=32_000)
    lists.append([wider])
    assert catalogue.find("claude-sonnet-4-5").model is wider
    assert catalogue.models() == (wider,)
    assert catalogue.known("claude-sonnet-4-5")
    assert not catalogue.known("claude-opus-5")
    assert catalogue.unknown("claude-sonnet-4.6").detail.count('mean "claude-sonnet-4.5"?')


def test_a_model_that_no_account_lists_keeps_its_common_limits() -> None:
    catalogue = Catalogue(lambda: [Model("auto")])
    assert catalogue.find("claude-opus-5").model.window == 1_000_000


def test_the_same_list_is_read_once() -> None:
    class Counted(list[Model]):
        readings = 0

        def __iter__(self) -> Iterator[Model]:
            Counted.readings += 1
            return super().__iter__()

    listed = Counted(FALLBACK)
    catalogue = Catalogue(lambda: listed)
    for name in ("auto", "claude-opus-5", "claude-sonnet-4-5[1m]"):
        catalogue.find(name)
    assert Counted.readings == 1


@pytest.mark.parametrize(
    ("listed", "served"),
    [
        (("claude-sonnet-4.5", "claude-sonnet-4.5-1m"), "claude-sonnet-4.5-1m"),
        (("claude-sonnet-4.5",), "claude-sonnet-4.5"),
        ((), "claude-sonnet-4.5"),
    ],
)
def test_a_wish_for_the_wide_window_is_met_where_there_is_one(
    listed: tuple[str, ...], served: str
) -> None:
    catalogue = Catalogue(
        lambda: [Model(name) for name in listed], {"mine": "claude-sonnet-4.5[1M]"}
    )
    assert catalogue.find("claude-sonnet-4-5-20250929[1m]").model.id == served
    assert catalogue.find("mine").model.id == served


def test_aliases_are_shown_as_models_with_the_limits_of_their_aims() -> None:
    opus = Model("claude-opus-5", window=1_000_000, name="Claude Opus 5", multiplier=2.2)
    catalogue = Catalogue(
        lambda: [Model("auto"), opus], {"GPT-4o": "claude-opus-5", "auto": "claude-opus-5"}
    )
    shown = ["auto", "claude-opus-5", "auto-kiro", "GPT-4o"]
    assert [model.id for model in catalogue.shown()] == shown
    assert catalogue.shown()[3] == Model("GPT-4o", window=1_000_000, multiplier=2.2)
    assert catalogue.show("auto").window == 1_000_000
    assert catalogue.show("gpt-4o ").id == "GPT-4o"
    assert catalogue.show("claude-opus-5-thinking") is opus
    assert catalogue.show("anthropic/gpt-4o").id == "GPT-4o"
    assert catalogue.models() == (Model("auto"), opus)


def test_only_what_can_be_chosen_is_shown() -> None:
    catalogue = Catalogue(lambda: [Model("auto")], {"new": "claude-opus-6"})
    assert catalogue.show("new").id == "new"
    with pytest.raises(UnknownModel, match="no model 'claude-opus-6'"):
        catalogue.show("claude-opus-6")

"""A stage knows its Config, and says when it was left unfinished."""

from typing import Any, Generic

import pytest

from pipeline import Flow, Stage, StageConfig, config_type
from pipeline.stage import ConfigT


class Limit(StageConfig, frozen=True):
    most: int = 3


class Limited(Stage[Flow, Limit]):
    name = "limited"


class StillLimited(Limited):
    pass


class Base(Stage[Flow, ConfigT], Generic[ConfigT]):
    pass


class OnBase(Base[Limit]):
    pass


class Loose(Stage[Any, Any]):
    pass


@pytest.mark.parametrize("stage", [Limited, StillLimited, OnBase])
def test_the_config_of_a_stage_is_found_in_its_bases(stage: type[Stage[Any, Any]]) -> None:
    assert config_type(stage) is Limit


@pytest.mark.parametrize("stage", [Loose, Base])
def test_a_stage_that_names_no_config_has_no_settings(stage: type[Stage[Any, Any]]) -> None:
    assert config_type(stage) is StageConfig


@pytest.mark.anyio
async def test_a_stage_without_a_call_cannot_be_run() -> None:
    stage = Limited(Limit())
    await stage.start()
    await stage.stop()
    with pytest.raises(NotImplementedError):
        await stage(Flow(), lambda flow: stage.stop())

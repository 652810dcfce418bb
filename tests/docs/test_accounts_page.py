"""What docs/accounts.md shows is so: its settings, its strategy, its commands and its fields."""

import re
from pathlib import Path

import msgspec
import pytest

from ki2api.accounts.account import AccountConfig
from ki2api.accounts.companion import PlanUsage, Pot
from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.strategies import BUILT_IN, Candidate, Strategies
from ki2api.cli import cli
from ki2api.settings import Settings
from pipeline.settings import decode

PAGE = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
TYPED = sorted(
    set(re.findall(r"(?:^\$ |`)ki2api ([a-z]+(?: (?:usage|refresh|reset))?)", PAGE, re.MULTILINE))
)


def blocks(language: str) -> list[str]:
    return [code for found, code in BLOCKS if found == language]


def usage(resets: float) -> PlanUsage:
    return PlanUsage(
        "KIRO PRO", (Pot("plan", 1.0, 9.0),), resets, overage=False, overage_used=0.0, asked_at=0.0
    )


@pytest.mark.parametrize("table", blocks("toml"))
def test_every_table_that_it_shows_is_taken(table: str) -> None:
    assert decode(table, Settings, source="config.toml") != Settings()


def test_the_strategy_that_it_shows_chooses_the_credits_that_end_first(tmp_path: Path) -> None:
    (snippet,) = blocks("python")
    (tmp_path / "pick.py").write_text(snippet)
    choose = Strategies(tmp_path).find("./pick.py:choose")
    unknown = Candidate("unknown", 0, 1, 0.0, 0, 0)
    later = Candidate("later", 1, 1, 0.0, 0, 0, usage(2_000.0))
    sooner = Candidate("sooner", 2, 1, 0.0, 0, 0, usage(1_000.0))

    assert choose([unknown, later, sooner], 0.0) is sooner
    assert choose([unknown], 0.0) is unknown


def test_it_names_every_built_in_strategy() -> None:
    assert {name for name in BUILT_IN if f"| `{name}` |" in PAGE} == set(BUILT_IN)


def test_it_names_every_field_that_an_entry_may_have() -> None:
    paragraph = PAGE[PAGE.index("An entry of `KIRO_AUTH_CONFIG`") : PAGE.index("An `[[accounts]]`")]
    named = set(re.findall(r"`([a-zA-Z]+)`", paragraph))
    fields = {field.encode_name for field in msgspec.structs.fields(Entry)}
    listed = {field.name for field in msgspec.structs.fields(AccountConfig)}
    both = {field.encode_name for field in msgspec.structs.fields(Entry) if field.name in listed}

    assert both | {"kiroApiKey", "provider"} <= named
    assert named <= fields


@pytest.mark.parametrize("command", TYPED)
def test_every_command_that_it_names_is_there(command: str) -> None:
    first, *rest = command.split()
    found = cli.commands[first]
    assert not rest or rest[0] in getattr(found, "commands", {})

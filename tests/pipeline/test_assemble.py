"""From tables to a chain that is proved, and every fault on the way, at once."""

import tomllib
from pathlib import Path
from typing import Any, Protocol

import pytest

from pipeline import (
    Assembly,
    Catalog,
    Flow,
    Next,
    OrderError,
    Recorder,
    Secret,
    SettingsError,
    Slot,
    Stage,
    StageConfig,
    assemble,
)
from pipeline.testing import SpyEndpoint

pytestmark = pytest.mark.anyio


class TextFlow(Flow):
    target: Slot[str] = Slot()
    response: Slot[str] = Slot()


class Pool:
    pass


class Clock(Protocol):
    def now(self) -> float: ...


class Passing(Stage[TextFlow, StageConfig]):
    async def __call__(self, flow: TextFlow, call_next: Next[TextFlow]) -> None:
        await call_next(flow)


class Encode(Passing):
    name = "encode"
    awaits = frozenset({"events"})
    answers = frozenset({"response"})

    async def __call__(self, flow: TextFlow, call_next: Next[TextFlow]) -> None:
        await call_next(flow)
        flow.response = "encoded"


class RetryConfig(StageConfig, frozen=True):
    attempts: int = 3
    token: Secret = Secret("")


class Retry(Stage[TextFlow, RetryConfig]):
    name = "retry"
    repeats = True

    def __init__(self, config: RetryConfig, *, pool: Pool, size: int = 7) -> None:
        super().__init__(config)
        self.pool, self.size = pool, size
        if config.attempts < 1:
            raise ValueError("at least one attempt")

    async def __call__(self, flow: TextFlow, call_next: Next[TextFlow]) -> None:
        await call_next(flow)


class Wanting(Passing):
    name = "wanting"

    def __init__(self, config: StageConfig, clock: "Clock") -> None:
        super().__init__(config)
        self.clock = clock


class Once(Passing):
    name = "once"
    once_per_attempt = "it would be used up"


class Needing(Passing):
    name = "needing"
    requires = frozenset({"target"})


CATALOG = Catalog({stage.name: stage for stage in (Encode, Retry, Wanting, Once, Needing)})
POOL = Pool()


def assembled(text: str = "", folder: Path = Path(), **more: Any) -> Assembly[TextFlow]:
    return assemble(
        tomllib.loads(text).get("pipeline", []),
        catalog=CATALOG,
        endpoint=SpyEndpoint({"events": None}),
        flow_type=TextFlow,
        services={Pool: POOL},
        folder=folder,
        text=text,
        source="config.toml",
        **{"defaults": ("encode", "retry"), **more},
    )


def refused(text: str, folder: Path = Path(), **more: Any) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        assembled(text, folder, **more)
    return caught.value


def table(stage: str, *keys: str) -> str:
    return "\n".join(["[[pipeline]]", f'stage = "{stage}"', *keys, ""])


async def test_the_default_chain_runs() -> None:
    flow = TextFlow()
    recorder = Recorder()
    assembly = assembled(observers=[recorder])
    await assembly.chain.run(flow)
    assert flow.response == "encoded"
    assert assembly.warnings == []
    recording = recorder.find(flow.id)
    assert recording is not None
    assert [span.stage for span in recording.spans] == ["endpoint", "retry", "encode"]


def test_a_stage_gets_its_settings_and_its_services(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hush\n")
    text = table("encode") + table("retry", "attempts = 5", 'token = "file:token"')
    (_, (name, retry)) = assembled(text, tmp_path).chain.stages
    assert isinstance(retry, Retry)
    assert name == "retry"
    assert retry.config == RetryConfig(5, Secret("hush"))
    assert (retry.pool, retry.size) == (POOL, 7)


async def test_a_file_of_ones_own_takes_part(tmp_path: Path) -> None:
    hooks = tmp_path / "hooks.py"
    hooks.write_text("def response(flow): flow.note('hooks', flow.response)")
    hooks.chmod(0o644)
    flow = TextFlow()
    text = table("./hooks.py", 'label = "mine"', 'after = "encode"')
    assembly = assembled(text, tmp_path)
    await assembly.chain.run(flow)
    assert [name for name, _ in assembly.chain.stages] == ["encode", "mine", "retry"]
    assert [note.text for note in flow.notes] == ["encoded"]


def test_all_faults_of_all_tables_are_told_at_once(tmp_path: Path) -> None:
    text = (
        table("retry", "atempts = 1", 'after = "nowhere"')
        + table("retri", 'after = "encode"')
        + table("wanting", 'before = "retry"')
        + table("retry", 'label = "again"', "attempts = 0", 'before = "retry"')
        + table("./none.py", 'after = "encode"')
    )
    assert sorted(refused(text, tmp_path).faults) == [
        'config.toml:12: stage "again" cannot be built: ValueError: at least one attempt',
        f'config.toml:17: stage "./none.py": cannot read {tmp_path}/none.py: No such file or directory',
        'config.toml:1: stage "retry" is to stand after "nowhere", which this chain has not; it has encode, retri, ./none.py, wanting, again, retry',
        'config.toml:3: [retry] has no setting "atempts" - did you mean "attempts"?',
        'config.toml:6: there is no stage "retri" - did you mean "retry"?',
        f'config.toml:9: stage "wanting" wants clock: {__name__}.Clock, and there is no such service',
    ]


def test_what_broke_in_a_file_is_the_cause_of_the_refusal(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text("import math\n1 / 0\n")
    own.chmod(0o644)
    error = refused(table("own.py"), tmp_path)
    assert error.faults == [
        f'config.toml:2: stage "own.py": {own}:2: ZeroDivisionError: division by zero'
    ]
    assert isinstance(error.__cause__, ZeroDivisionError)


def test_a_default_stage_that_cannot_be_built_is_named_without_a_line() -> None:
    with pytest.raises(SettingsError) as caught:
        assemble(
            [],
            catalog=CATALOG,
            endpoint=SpyEndpoint({"response": ""}),
            flow_type=TextFlow,
            services={},
            defaults=["retry"],
            folder=Path(),
        )
    assert caught.value.faults == [
        f'stage "retry" wants pool: {__name__}.Pool, and there is no such service'
    ]


def test_a_chain_that_cannot_work_is_refused() -> None:
    with pytest.raises(OrderError) as caught:
        assembled(table("needing", 'after = "encode"'))
    assert str(caught.value) == (
        "config.toml:1: stage #2 'needing' needs flow.target:"
        " nothing in this pipeline provides flow.target"
    )


def test_who_lists_one_stage_changes_it_in_the_default_chain() -> None:
    assembly = assembled(table("retry", "attempts = 5"))
    (_, (name, retry)) = assembly.chain.stages
    assert (name, retry.config) == ("retry", RetryConfig(5))
    assert assembly.warnings == []


def test_tables_that_fill_all_that_is_needed_are_the_whole_chain() -> None:
    assert [name for name, _ in assembled(table("encode")).chain.stages] == ["encode"]


def test_a_file_is_run_once_to_find_its_words_and_to_build_it(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text("""
from pathlib import Path
from pipeline import Flow, Next, Stage, StageConfig

with Path(__file__).with_suffix(".runs").open("a") as runs:
    runs.write("x")


class Own(Stage[Flow, StageConfig]):
    name = "own"
    answers = frozenset({"response"})
""")
    own.chmod(0o644)
    assert [name for name, _ in assembled(table("own.py"), tmp_path).chain.stages] == ["own.py"]
    assert own.with_suffix(".runs").read_text() == "x"


def test_a_stage_of_ones_own_alone_is_not_a_chain(tmp_path: Path) -> None:
    hooks = tmp_path / "hooks.py"
    hooks.write_text("def request(flow): pass")
    hooks.chmod(0o644)
    assert str(refused(table("hooks.py"), tmp_path)) == (
        'config.toml:1: stage "hooks.py" is not in the default chain (encode, retry): give it'
        ' after = "..." or before = "...", or list the whole chain without these two words'
    )


def test_of_a_stage_that_is_not_found_nothing_more_is_said() -> None:
    assert refused(table("retri")).faults == [
        'config.toml:2: there is no stage "retri" - did you mean "retry"?'
    ]


def test_warnings_come_with_the_chain() -> None:
    text = table("once", 'before = "retry"')
    assert assembled(text).warnings == ["'retry' stands inside 'once': it would be used up"]


def test_who_lists_all_that_is_not_needed_is_told_that_the_rest_is_there_too() -> None:
    defaults = ("encode", "once", "retry")
    (first, second) = assembled(table("retry") + table("once"), defaults=defaults).warnings
    assert first.endswith("and it has encode too")
    assert second == "'retry' stands inside 'once': it would be used up"

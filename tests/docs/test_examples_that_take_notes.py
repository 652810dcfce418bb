"""The examples that only look on: counted words, times, and a file with a line for each flow."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ki2api.errors import UpstreamDisconnected, UpstreamUnavailable
from ki2api.events import PartStarted
from ki2api.flow import GatewayFlow
from pipeline import PipelineError

pytestmark = pytest.mark.anyio
both_forms = pytest.mark.parametrize("form", ["whole", "streamed"])


def notes(flow: GatewayFlow, stage: str) -> list[str]:
    return [note.text for note in flow.notes if note.stage == stage]


@both_forms
async def test_words_are_counted_however_they_are_split(form: str, serve: Any, table: Any) -> None:
    served = serve(table("count_words"), says=("Hel", "lo, my  ", "fri", "end"))
    flow = await served.ask(stream=form == "streamed")
    assert notes(flow, "count-words") == ["3 words"]


async def test_only_an_answer_that_was_heard_to_its_end_is_counted(serve: Any, table: Any) -> None:
    served = serve(table("count_words"))
    flow = await served.ask(stream=True, leave_after=2)
    assert notes(flow, "count-words") == []


async def test_thoughts_are_no_words_of_an_answer(serve: Any, table: Any) -> None:
    served = serve(table("count_words"), part=PartStarted(0, "thinking"))
    flow = await served.ask(stream=True)
    assert notes(flow, "count-words") == ["0 words"]


def ticking() -> Any:
    ticks: Iterator[int] = count()
    return lambda: float(next(ticks))


@both_forms
async def test_a_flow_is_timed_until_it_is_closed(form: str, serve: Any, table: Any) -> None:
    served = serve(table("time_stage"))
    flow = await served.ask(stream=form == "streamed", clock=ticking())
    assert notes(flow, "time-stage") == [
        "retry and below: returned after 2.000 s",
        "retry and below: closed after 3.000 s",
    ]


async def test_a_flow_that_fails_is_timed_too(serve: Any, table: Any) -> None:
    served = serve(table("time_stage"), fails=[UpstreamUnavailable("down")] * 3)
    flow = await served.ask(clock=ticking())
    assert len(notes(flow, "time-stage")) == 2


async def test_two_timers_stand_beside_each_other(serve: Any, table: Any) -> None:
    other = table("time_stage").replace('"retry"', '"route"').replace("retry and", "route and")
    served = serve(table("time_stage"), f'{other}\nlabel = "another"')
    flow = await served.ask()
    assert {text.partition(":")[0] for text in notes(flow, "time-stage")} == {
        "retry and below",
        "route and below",
    }


def lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "flows.jsonl").read_bytes()
    return [msgspec.json.decode(line) for line in text.splitlines()]


@both_forms
async def test_an_answer_is_one_line_of_facts(
    form: str, serve: Any, table: Any, folder: Path
) -> None:
    served = serve(table("log_to_file"), table("count_words"))
    flow = await served.ask("A private question", stream=form == "streamed", clock=ticking())
    (line,) = lines(folder)
    assert line.pop("caller").startswith("key-")
    assert line.pop("seconds") > 0
    assert line == {
        "time": "1970-01-01T00:00:00Z",
        "flow": flow.id,
        "dialect": "openai_chat",
        "model": "auto",
        "account": None,
        "outcome": "answered",
        "usage": msgspec.to_builtins(flow.usage),
        "notes": ["2 words"],
    }
    text = (folder / "flows.jsonl").read_text()
    assert "private" not in text
    assert "Hello" not in text


async def test_whatever_becomes_of_a_flow_is_written_once(
    serve: Any, table: Any, folder: Path
) -> None:
    gone = UpstreamDisconnected("gone")
    await serve(table("log_to_file")).ask(key="wrong")
    await serve(table("log_to_file"), fails=[UpstreamUnavailable("down")] * 3).ask()
    await serve(table("log_to_file"), breaks=gone).ask(stream=True)
    await serve(table("log_to_file")).ask(stream=True, leave_after=2)
    await serve(table("log_to_file"), fails=[UpstreamUnavailable("down")]).ask()
    assert [line["outcome"] for line in lines(folder)] == [
        "invalid_api_key",
        "upstream_unreachable",
        "upstream_disconnected",
        "client left",
        "answered",
    ]


async def test_a_file_that_cannot_be_written_is_told_at_start(
    serve: Any, table: Any, folder: Path
) -> None:
    served = serve(table("log_to_file").replace("flows.jsonl", "no/such/folder/flows.jsonl"))
    told = rf"stage './log_to_file\.py' does not start: {folder}/log_to_file\.py:\d+: FileNotFound"
    with pytest.raises(PipelineError, match=told):
        await served.chain.start()


async def test_a_file_that_cannot_be_written_later_harms_no_answer(
    serve: Any, table: Any, folder: Path
) -> None:
    served = serve(table("log_to_file"))
    await served.chain.start()
    (folder / "flows.jsonl").unlink()
    (folder / "flows.jsonl").mkdir()
    flow = await served.ask()
    assert served.words == "Hello there"
    assert flow.failure is None

from math import ceil

import pytest

from ki2api.errors import UpstreamGarbled
from ki2api.estimate import text_tokens
from ki2api.events import EndReason, Usage
from ki2api.kiro.usage import Meter, Scale
from ki2api.kiro.wire import ContextUsageEvent, MetadataEvent, MeteringEvent, TokenUsage

WORDS = "Ten words of a reply, or a few more of them."
TOKENS = text_tokens(WORDS)


@pytest.fixture
def meter() -> Meter:
    return Meter(200_000, 50)


def test_without_any_report_all_is_estimated(meter: Meter) -> None:
    meter.write(WORDS)
    assert meter.usage() == Usage(50, TOKENS, "estimate")


def test_the_output_is_in_the_measure_of_its_model() -> None:
    meter = Meter(200_000, 50, Scale("claude-4.7", 1.5))
    meter.write(WORDS)
    assert meter.usage().output == ceil(1.5 * text_tokens(WORDS, "claude-4.7")) > TOKENS


def test_the_input_follows_from_how_full_the_context_is(meter: Meter) -> None:
    meter.write(WORDS)
    meter.context(ContextUsageEvent(7.5))
    meter.metering(MeteringEvent(0.5))
    meter.metering(MeteringEvent(0.25))
    derived = Usage(15_000 - TOKENS, TOKENS, "derived", credits=0.75, context_percent=7.5)
    assert meter.usage() == derived


def test_an_output_above_the_whole_leaves_no_input(meter: Meter) -> None:
    meter.write(WORDS * 100)
    meter.context(ContextUsageEvent(0.1))
    assert meter.usage().input == 0


@pytest.mark.parametrize("percent", [None, 0.0])
def test_a_report_that_says_nothing_changes_nothing(meter: Meter, percent: float | None) -> None:
    meter.context(ContextUsageEvent(percent))
    meter.metering(MeteringEvent())
    meter.metadata(MetadataEvent())
    assert meter.usage() == Usage(50, 0, "estimate", context_percent=percent)
    assert meter.reason(called=False) == "end"


@pytest.mark.parametrize("impossible", [-1.0, 2.0**40 + 1, 1e308])
def test_what_cannot_be_was_not_reported(meter: Meter, impossible: float) -> None:
    meter.context(ContextUsageEvent(7.5))
    meter.context(ContextUsageEvent(impossible))
    meter.metering(MeteringEvent(impossible))
    meter.metadata(MetadataEvent(TokenUsage(*[impossible] * 5)))
    assert meter.usage() == Usage(15_000, 0, "derived", context_percent=7.5)
    meter.metadata(MetadataEvent(TokenUsage(100.0, impossible, 30.0, impossible)))
    assert meter.usage() == Usage(100, 0, "upstream", 30, context_percent=7.5)


def test_counts_of_kiro_go_before_all(meter: Meter) -> None:
    meter.context(ContextUsageEvent(7.5))
    meter.write(WORDS)
    meter.metadata(MetadataEvent(TokenUsage(100.0, 20.0, 30.0, 40.0, 8.0)))
    usage = meter.usage()
    assert usage == Usage(100, 20, "upstream", 30, 40, None, 8.0)
    assert usage.whole_input == 170


def test_counts_may_be_there_in_part(meter: Meter) -> None:
    meter.write(WORDS)
    meter.metadata(MetadataEvent(TokenUsage(output_tokens=20.0)))
    assert meter.usage() == Usage(50, TOKENS, "estimate")
    meter.metadata(MetadataEvent(TokenUsage(uncached_input_tokens=100.0)))
    assert meter.usage() == Usage(100, TOKENS, "upstream")


@pytest.mark.parametrize(
    ("said", "called", "reason"),
    [
        ("", False, "end"),
        ("", True, "tool-calls"),
        ("END_TURN", False, "end"),
        ("end_turn", True, "tool-calls"),
        ("TOOL_USE", False, "end"),
        ("max_tokens", False, "max-tokens"),
        ("Stop_Sequence", False, "stop-sequence"),
        ("CONTENT_FILTERED", False, "refusal"),
        ("GUARDRAIL_INTERVENED", False, "refusal"),
        ("MODEL_CONTEXT_WINDOW_EXCEEDED", False, "context-full"),
        ("SOMETHING_NEW", False, "end"),
    ],
)
def test_the_reason_of_the_end(meter: Meter, said: str, called: bool, reason: EndReason) -> None:  # noqa: FBT001 - a table
    meter.metadata(MetadataEvent(stop_reason=said))
    assert meter.reason(called=called) == reason


def test_a_full_context_is_a_reason_unless_a_call_was_completed(meter: Meter) -> None:
    meter.context(ContextUsageEvent(100.0))
    assert meter.reason(called=False) == "context-full"
    assert meter.reason(called=True) == "tool-calls"


def test_an_overrun_fills_the_context(meter: Meter) -> None:
    meter.overrun = True
    assert meter.reason(called=False) == "context-full"


@pytest.mark.parametrize("said", ["MALFORMED_TOOL_USE", "malformed_model_output"])
def test_malformed_output_is_no_end(meter: Meter, said: str) -> None:
    meter.metadata(MetadataEvent(stop_reason=said))
    with pytest.raises(UpstreamGarbled):
        meter.reason(called=True)


def test_thoughts_are_a_part_of_the_output(meter: Meter) -> None:
    meter.write(WORDS)
    meter.write(WORDS)
    meter.think(WORDS)
    usage = meter.usage()
    assert usage.thinking == TOKENS
    assert usage.output > TOKENS


def test_thoughts_are_never_more_than_the_output_that_kiro_counts(meter: Meter) -> None:
    meter.write(WORDS)
    meter.think(WORDS)
    meter.metadata(MetadataEvent(TokenUsage(100.0, 3.0)))
    assert meter.usage() == Usage(100, 3, "upstream", thinking=3)

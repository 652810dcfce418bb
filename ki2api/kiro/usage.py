"""What a reply cost and why it ended, gathered from the events that say so (§4.6, §4.7)."""

from math import ceil

import msgspec

from ki2api.errors import UpstreamGarbled
from ki2api.estimate import Family, Tally
from ki2api.events import EndReason, Usage
from ki2api.kiro.wire import ContextUsageEvent, MetadataEvent, MeteringEvent, TokenUsage

_FULL = 100.0
_MOST = 2**40
"""No count, charge or percentage is larger; one that is, or is below 0, was not reported."""
# Bedrock's words (§4.6); those left out here say no more than that the turn is over.
_REASONS: dict[str, EndReason] = {
    "MAX_TOKENS": "max-tokens",
    "STOP_SEQUENCE": "stop-sequence",
    "CONTENT_FILTERED": "refusal",
    "GUARDRAIL_INTERVENED": "refusal",
    "MODEL_CONTEXT_WINDOW_EXCEEDED": "context-full",
}
_MALFORMED = frozenset({"MALFORMED_TOOL_USE", "MALFORMED_MODEL_OUTPUT"})


class Scale(msgspec.Struct, frozen=True):
    """How a model counts: its tokenizer, and its measure in multiples of our estimate."""

    family: Family = "claude"
    factor: float = 1.0


_AS_ESTIMATED = Scale()


class Meter:
    """Counts one reply: what Kiro reports goes before what follows from it and what we guess."""

    def __init__(self, window: int, estimated_input: int, scale: Scale = _AS_ESTIMATED) -> None:
        self._window = window
        self._estimated_input = estimated_input
        self._factor = scale.factor
        self._output = Tally(scale.family)
        self._thoughts = Tally(scale.family)
        self._percent: float | None = None
        self._credits: float | None = None
        self._tokens: TokenUsage | None = None
        self._stop_reason = ""
        self.overrun = False
        """Whether Kiro said that the context ran over."""
        self.write = self._output.add
        self.write_all = self._output.extend
        self.think = self._thoughts.add
        """Says what of that was written in thought."""

    def context(self, event: ContextUsageEvent) -> None:
        """Take how full the context is."""
        percent = _possible(event.context_usage_percentage)
        self._percent = self._percent if percent is None else percent

    def metering(self, event: MeteringEvent) -> None:
        """Take what Kiro charges; several reports add up."""
        if (charged := _possible(event.usage)) is not None:
            self._credits = (self._credits or 0.0) + charged

    def metadata(self, event: MetadataEvent) -> None:
        """Take token counts and the stop reason, where there are any."""
        if event.token_usage is not None:
            self._tokens = event.token_usage
            self.context(ContextUsageEvent(event.token_usage.context_usage_percentage))
        if event.stop_reason is not None:
            self._stop_reason = event.stop_reason.upper()

    @property
    def full(self) -> bool:
        """Whether the conversation fills the model's context."""
        return self.overrun or (self._percent or 0.0) >= _FULL

    def reason(self, *, called: bool) -> EndReason:
        """Say why the reply ended; a completed call wins over a plain end of turn."""
        if self._stop_reason in _MALFORMED:
            raise UpstreamGarbled("Kiro says that the model wrote something malformed.")
        if said := _REASONS.get(self._stop_reason):
            return said
        if called:
            return "tool-calls"
        return "context-full" if self.full else "end"

    def usage(self) -> Usage:
        """Add up the reply."""
        tokens, output = self._tokens, ceil(self._output.tokens * self._factor)
        thoughts = ceil(self._thoughts.tokens * self._factor)
        uncached = _whole(tokens.uncached_input_tokens) if tokens else None
        if tokens and uncached is not None:
            told = _whole(tokens.output_tokens)
            reported = output if told is None else told
            return Usage(
                uncached,
                reported,
                "upstream",
                _whole(tokens.cache_read_input_tokens),
                _whole(tokens.cache_write_input_tokens),
                self._credits,
                self._percent,
                thinking=min(thoughts, reported) or None,
            )
        derived = round((self._percent or 0.0) / 100 * self._window)
        return Usage(
            max(derived - output, 0) if derived else self._estimated_input,
            output,
            "derived" if derived else "estimate",
            credits=self._credits,
            context_percent=self._percent,
            thinking=min(thoughts, output) or None,
        )


def _whole(count: float | None) -> int | None:
    possible = _possible(count)
    return None if possible is None else int(possible)


def _possible(reported: float | None) -> float | None:
    return reported if reported is not None and 0 <= reported <= _MOST else None

"""Faulty streams made from a seed, and what both official SDKs make of each.

`python -m tests.journeys.faults.generated 2000 1` makes 2,000 from seed 1, reads each by OpenAI's
SDK, in both of its dialects, and by Anthropic's, and says in how many a law was broken:

- a stream that ends without an error had exactly one terminal event,
- and all the words that the model said, or as many as the model itself was heard to end with;
- one that ends with an error raises one of the SDK's own, after words that the model did say.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import anthropic
import openai
from msgspec import Struct

from ki2api.simulator import Simulator, SimulatorOptions
from ki2api.simulator.answer import Answer, Call
from ki2api.simulator.question import Question
from tests.journeys.faults.conftest import TOOL, Dialect, Failed, Shop, open_shop

DIALECTS: tuple[Dialect, ...] = ("chat", "responses", "messages")
MODEL = "claude-sonnet-4.5"
LETTERS = 'abc efg \n"\\<>{}[]:,\u2028春眠不觉晓🌸é'
FRAME = 170
"""Bytes that a frame has, more or less."""
BREAKS = ("cut", "truncated", "reset-midway", "half-close", "stall")
EXCEPTIONS = ("ThrottlingException", "ValidationException", "InternalServerException")
INSTEAD = ("bad-json", "error-frame", "invalid-state", "exception")
OTHERS = (
    "reset",
    "hang-up",
    "garbage",
    "empty-body",
    "html",
    "tool-unfinished",
    "tool-broken-json",
)


class Case(Struct, frozen=True):
    """What the model says, and what goes wrong on the way."""

    answer: Answer
    scenario: str
    values: dict[str, Any]

    def may_end_with(self, text: str) -> bool:
        """Tell whether a whole reply may be these words."""
        said = self.answer.text
        match self.scenario:
            case "truncated" | "context-overflow":  # at a frame's border nobody can tell
                return said.startswith(text)
            case "ended-twice":
                return text == f"{said} And more."
            case "cut" | "reset-midway" | "half-close" | "stall":  # behind the end nothing breaks
                return text == said and "at" in self.values
            case _:
                return False

    def may_break_after(self, text: str) -> bool:
        """Tell whether these words may have come before an error."""
        said = {"tool-unfinished": "", "tool-broken-json": ""}.get(self.scenario, self.answer.text)
        return said.startswith(text)


class Read(Struct):
    """What an SDK read of a stream."""

    text: str = ""
    ends: int = 0
    raised: Exception | None = None


def cases(count: int, seed: int) -> Iterator[Case]:
    """Make so many cases; the same seed makes the same."""
    random = Random(seed)  # noqa: S311 - the same each time
    for _ in range(count):
        answer = _answer(random)
        frames = len(answer.text) // 15 + 12 * len(answer.calls) + 4
        yield Case(answer, *_fault(random, frames))


def _answer(random: Random) -> Answer:
    text = "".join(random.choices(LETTERS, k=random.choice((0, 1, 20, 200, 900))))
    calls = [Call("look", {"path": f"src/{number}.py"}) for number in range(random.randint(0, 2))]
    return Answer(text, tuple(calls))


def _fault(random: Random, frames: int) -> tuple[str, dict[str, Any]]:
    kind, frame = random.randrange(8), random.randint(0, frames)
    at, after = random.randint(0, int(frames * FRAME * 1.2)), {"after": frame}
    match kind:
        case 0 | 1 | 2:
            return random.choice(BREAKS), {"at": at}
        case 3:
            return random.choice(BREAKS), {"frames": frame}
        case 4:
            return "corrupt", {"at": at}
        case 5:
            return random.choice(INSTEAD), {**after, "type": random.choice(EXCEPTIONS)}
        case 6:
            return random.choice(("context-overflow", "ended-twice")), after
        case _:
            return random.choice(OTHERS), {}


def read(shop: Shop, dialect: Dialect) -> Read:
    """Read one stream by the SDK of a dialect."""
    so_far = Read()
    try:
        {"chat": _chat, "responses": _responses, "messages": _messages}[dialect](shop, so_far)
    except Exception as error:  # noqa: BLE001 - which one it is, is what is looked at
        so_far.raised = error
    return so_far


def _chat(shop: Shop, so_far: Read) -> None:
    tool: Any = {"type": "function", "function": {"name": "look", "parameters": TOOL}}
    said: Any = [{"role": "user", "content": "Hello"}]
    made = shop.openai.chat.completions.create
    with made(model=MODEL, messages=said, tools=[tool], stream=True) as chunks:
        for chunk in chunks:
            for choice in chunk.choices:
                so_far.text += choice.delta.content or ""
                so_far.ends += choice.finish_reason is not None


def _responses(shop: Shop, so_far: Read) -> None:
    tool: Any = {"type": "function", "name": "look", "parameters": TOOL, "strict": False}
    made = shop.openai.responses.create
    with made(model=MODEL, input="Hello", tools=[tool], stream=True) as events:
        for event in events:
            so_far.text += event.delta if event.type == "response.output_text.delta" else ""
            so_far.ends += event.type in {"response.completed", "response.incomplete"}
            if event.type == "response.failed":
                raise Failed(event.response.error)


def _messages(shop: Shop, so_far: Read) -> None:
    tool: Any = {"name": "look", "input_schema": TOOL}
    said: Any = [{"role": "user", "content": "Hello"}]
    made = shop.anthropic.messages.create
    with made(model=MODEL, max_tokens=9000, messages=said, tools=[tool], stream=True) as events:
        for event in events:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                so_far.text += event.delta.text
            so_far.ends += event.type == "message_stop"


def broken_law(case: Case, found: Read) -> str:
    """Say which law a stream broke, or nothing."""
    if found.raised is None:
        if found.ends != 1:
            return f"{found.ends} terminal events and no error"
        return "" if case.may_end_with(found.text) else "a whole reply that is not the model's"
    if not isinstance(found.raised, openai.APIError | anthropic.APIError | Failed):
        return f"no error of the SDK: {found.raised!r}"
    if found.ends:
        return "a terminal event and an error"
    return "" if case.may_break_after(found.text) else "words that the model did not say"


def swept(count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Read every case in every dialect; return how they ended, and what broke a law."""
    ends, faults = Counter[str](), list[str]()
    said: list[Answer] = [Answer()]

    def script(_: Question) -> Answer:
        return said[-1]

    kiro = Simulator(SimulatorOptions(chunking="random"), script)
    with open_shop(kiro=kiro, first_event_seconds=0.2, idle_seconds=0.15) as shop:
        for case in cases(count, seed):
            said.append(case.answer)
            for dialect in DIALECTS:
                shop.mend()
                shop.simulator.order(case.scenario, 9, **case.values)
                found = read(shop, dialect)
                shop.settle()
                ends["broken off" if found.raised else "ended"] += 1
                if fault := broken_law(case, found):
                    faults.append(f"{dialect}, {case.scenario} {case.values}: {fault}")
    return ends, faults


if __name__ == "__main__":
    outcome, broken = swept(int(sys.argv[1]), int(sys.argv[2]))
    print(f"{dict(outcome)}; {len(broken)} broke a law")  # noqa: T201 - a command prints
    print("\n".join(broken))  # noqa: T201

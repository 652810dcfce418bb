"""What was asked, as an answering script sees it."""

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from ki2api.simulator.catalogue import DEFAULT_MODEL, Model
from ki2api.simulator.picture import Picture, look_at
from ki2api.simulator.rules.attachments import decoded
from ki2api.simulator.rules.wire import Ask, ResultContent, UserMessage

Thinking: TypeAlias = Literal["none", "events", "signature-only", "redacted", "tags"]

_MARKER = re.compile(r"\[\[sim:([^\]\s]+)([^\]]*)\]\]")
_ASIDE = re.compile(r"<(system-reminder|context|environment_details)>.*?</\1>", re.DOTALL)
_TAGGED = re.compile(r"<thinking_mode>(enabled|adaptive)</thinking_mode>")
_LENGTH = re.compile(r"<max_thinking_length>(\d+)</max_thinking_length>")
_STEPS = {"low": 1, "medium": 2, "high": 3, "xhigh": 4, "max": 5}
_USUAL_EFFORT = "high"
_TOKENS_PER_STEP = 6_144
"""How much of an allowed length makes one more step of thought."""
_HIDDEN_PROMPT = 4_100
"""Tokens of the prompt that the service adds by itself (docs/kiro.md §3.3)."""
_PICTURE_TOKENS = 1_600
_ASCII_PER_TOKEN, _OTHERS_PER_TOKEN = 4, 1.5


class Tool(Struct, frozen=True):
    """A tool that the caller declared."""

    name: str
    description: str
    schema: dict[str, Any]


class Result(Struct, frozen=True):
    """What a tool brought: its words, and whether it failed."""

    tool: str
    text: str
    failed: bool = False


class Question(Struct, frozen=True):
    """One request: what the user says now, and all that stands around it.

    `prompt` is the last paragraph of the user's words, without asides that clients add and without
    a marker: a gateway may have put its system text before it. While tool results come back,
    `prompt` is what the user said before. `steps` is how much thought is asked for, from 1 to 5,
    `max_tokens` the limit that the model itself was told to keep.
    """

    model: Model
    text: str
    prompt: str
    words: str = ""
    """All that was said on the user's side, the system text with it."""
    results: tuple[Result, ...] = ()
    tools: tuple[Tool, ...] = ()
    pictures: tuple[Picture, ...] = ()
    documents: tuple[str, ...] = ()
    """Each by its name and format."""
    thinking: Thinking = "none"
    steps: int = 1
    max_tokens: int | None = None
    tokens: int = 0
    conversation_id: str = ""

    @property
    def marker(self) -> tuple[str, dict[str, str]] | None:
        """The scenario that the user's words ask for: `[[sim:NAME key=value]]`."""
        found = _MARKER.findall(self.text)
        if not found:
            return None
        name, values = found[-1]
        return name, dict(pair.partition("=")[::2] for pair in values.split())


def question_of(ask: Ask, models: Mapping[str, Model], conversation_id: str) -> Question:
    """Read a request that broke no rule."""
    current = ask.conversation_state.current_message.user or UserMessage("")
    model = models[current.model_id or DEFAULT_MODEL]
    turns = ask.conversation_state.turns
    users = [turn.user for turn in turns if turn.user]
    said = [user.content for user in users if user.content]
    names = {
        use.tool_use_id: use.name
        for turn in turns
        for use in (turn.assistant.uses if turn.assistant else ())
    }
    return Question(
        model=model,
        text=current.content,
        prompt=_prompt(said),
        words="\n\n".join(said),
        results=tuple(
            Result(names[r.tool_use_id], _words(r.content), r.status == "error")
            for r in current.results
        ),
        tools=tuple(
            Tool(t.name, t.description or "", t.input_schema.json) for t in current.specifications
        ),
        pictures=tuple(p for i in current.images or [] if (p := look_at(_data(i.source.bytes)))),
        documents=tuple(f"{paper.name} ({paper.format})" for paper in current.documents or []),
        thinking=_thinking(ask.additional_model_request_fields or {}, model, said),
        max_tokens=(ask.additional_model_request_fields or {}).get("max_tokens"),
        steps=_steps(ask.additional_model_request_fields or {}, said),
        tokens=_size(ask),
        conversation_id=conversation_id,
    )


def tokens_in(text: str) -> int:
    """Estimate the tokens of a text."""
    ascii_letters = len(text.encode("ascii", "ignore"))
    others = len(text) - ascii_letters
    return round(ascii_letters / _ASCII_PER_TOKEN + others / _OTHERS_PER_TOKEN)


def _prompt(said: list[str]) -> str:
    for text in reversed(said):
        bare = _MARKER.sub("", _ASIDE.sub("", text))
        paragraphs = [paragraph.strip() for paragraph in bare.split("\n\n") if paragraph.strip()]
        if paragraphs:
            return paragraphs[-1]
    return ""


def _words(content: list[ResultContent]) -> str:
    return "\n".join(
        piece.text if piece.text is not None else msgspec.json.encode(piece.json).decode()
        for piece in content
        if piece.text is not None or piece.json is not msgspec.UNSET
    )


def _data(base64: str) -> bytes:
    return decoded(base64) or b""


def _thinking(fields: dict[str, Any], model: Model, said: list[str]) -> Thinking:
    match model.family:
        case "gpt":
            effort = fields.get("reasoning", {}).get("effort", "none")
            return "none" if effort == "none" else "redacted"
        case "claude":
            thinking = fields.get("thinking", {})
            if thinking.get("type") == "adaptive":
                hidden = thinking.get("display") == "omitted"
                return "signature-only" if hidden else "events"
    return "tags" if any(_TAGGED.search(text) for text in said) else "none"


def _size(ask: Ask) -> int:
    """Count the words, and each attachment as one picture."""
    users = [turn.user for turn in ask.conversation_state.turns if turn.user]
    attached = [
        each.source.bytes
        for user in users
        for each in (*(user.images or ()), *(user.documents or ()))
    ]
    text = msgspec.json.encode(ask.conversation_state).decode()
    bare = tokens_in(text) - sum(map(len, attached)) // _ASCII_PER_TOKEN
    return bare + len(attached) * _PICTURE_TOKENS + _HIDDEN_PROMPT


def _steps(fields: dict[str, Any], said: list[str]) -> int:
    for text in said:
        if length := _LENGTH.search(text):
            return 1 + min(int(length[1]) // _TOKENS_PER_STEP, 4)
    config = fields.get("output_config") or fields.get("reasoning") or {}
    return _STEPS.get(config.get("effort", _USUAL_EFFORT), 1)

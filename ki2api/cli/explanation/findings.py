"""What a dry run found, as plain values: the machine form of `ki2api explain`."""

import re
from typing import Any

import msgspec
from msgspec import Struct, field

from ki2api.cli.explanation.run import Outcome, Told
from ki2api.conversation import Conversation
from ki2api.estimate import conversation_tokens, family_of
from ki2api.flow import GatewayFlow
from ki2api.kiro.rules.draft import Repair
from ki2api.kiro.shape import NEAR, Figure
from ki2api.models import FALLBACK, Target, canonical
from ki2api.protocols import Body
from ki2api.settings import Loaded
from pipeline.errors import did_you_mean

_ACCOUNT = re.compile(r"(arn:aws[\w-]*:[\w-]+:[\w-]*:)\d{12}(?=:)")


class ModelFound(Struct):
    """Which model serves, and how its name was found."""

    asked: str
    id: str
    how: str
    window: int


class Refused(Struct):
    """What the client would be told, and by whom and why."""

    status: int
    body: Any
    by: str
    why: str
    rule: str | None = None
    path: str | None = None
    cause: str = ""


class Measured(Struct):
    """One figure against its limit."""

    rule: str
    name: str
    value: int
    limit: int
    near: bool
    firm: bool


class Findings(Struct):
    """All that is told; `body` is what Kiro would get, with the account's number masked."""

    protocol: str
    read: str
    stages: list[Told]
    model: ModelFound | None = None
    account: str | None = None
    repairs: list[Repair] = field(default_factory=list)
    not_honoured: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    figures: list[Measured] = field(default_factory=list)
    body: Any = None
    refused: Refused | None = None
    answered_by: str = ""
    held_back: list[str] = field(default_factory=list)


def findings(outcome: Outcome, loaded: Loaded, protocol: str, read: str) -> Findings:
    """Put together what a dry run found."""
    flow = outcome.flow
    found = Findings(protocol, read, outcome.stages, held_back=outcome.held_back)
    found.model = _model(flow, loaded) if flow.has("target") else None
    found.account = flow.account.name if flow.has("account") else None
    if outcome.sent and outcome.asked:
        composed, shape = outcome.sent.composed, outcome.sent.shape
        found.repairs = list(composed.repairs)
        found.not_honoured = list(composed.not_honoured)
        found.counts = shape.counts
        found.figures = [
            _measured(each) for each in (*shape.figures, _window(outcome.asked, flow.target))
        ]
        found.body = msgspec.json.decode(masked(composed.body))
    elif outcome.error:
        told = flow.protocol.encode_error(outcome.error, flow.id)
        error = outcome.error
        body = _document(told)
        found.refused = Refused(
            told.status, body, outcome.by, error.message, error.rule, error.path, outcome.cause
        )
    else:
        found.answered_by = outcome.by
    return found


def masked(body: bytes) -> bytes:
    """Hide the account's number in every profile ARN."""
    return _ACCOUNT.sub(r"\1************", body.decode()).encode()


def _document(told: Body) -> Any:
    return msgspec.json.decode(told.content)


def _model(flow: GatewayFlow, loaded: Loaded) -> ModelFound:
    asked, model = flow.conversation.model, flow.target.model
    aliases = {each.name.lower(): each.model for each in loaded.settings.models}
    if model.id == asked:
        how = "as it was asked"
    elif aim := aliases.get(asked.strip().lower()):
        how = f"by [[models]], which says {aim}"
    elif canonical(asked) == model.id:
        how = "by the rules for names (docs/kiro.md §7)"
    else:
        how = "by the settings of a stage"
    if model.id not in {each.id for each in FALLBACK}:
        how += "; it is not among the models that are commonly known, so Kiro decides"
        how += did_you_mean(model.id, [each.id for each in FALLBACK])
    return ModelFound(asked, model.id, how, model.window)


def _window(asked: Conversation, target: Target) -> Figure:
    tokens = conversation_tokens(asked, family_of(target.model.id))
    return Figure("§3.8", "tokens (estimate)", tokens, target.model.window, firm=False)


def _measured(figure: Figure) -> Measured:
    near = figure.share >= NEAR
    return Measured(
        figure.rule, figure.name, figure.value, figure.limit, near=near, firm=figure.firm
    )

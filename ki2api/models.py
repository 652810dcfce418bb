"""The model catalogue: what Kiro calls its models, what clients call them, and their limits."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from ki2api.conversation import Thinking
from ki2api.errors import UnknownModel
from pipeline.errors import did_you_mean


class Model(msgspec.Struct, frozen=True):
    """A model as Kiro offers it. `multiplier` is its price in credits, where it is known.

    `window` is the most input tokens, `max_output` the most output tokens. `fields_schema` is the
    JSON Schema of additionalModelRequestFields, where Kiro gives one.
    """

    id: str
    window: int = 200_000
    max_output: int = 64_000
    images: bool = True
    multiplier: float | None = None
    name: str = ""
    description: str = ""
    fields_schema: msgspec.Raw | None = None


SILENT = Thinking()
"""What a name says of thinking that says nothing of it."""


class Target(msgspec.Struct, frozen=True):
    """The model that a request goes to; `asked` is the client's own word for it.

    `thinking` is what that word says besides, as in `claude-opus-4.8-thinking-high`.
    """

    asked: str
    model: Model
    thinking: Thinking = SILENT


class Alias(msgspec.Struct, frozen=True):
    """A further name for a model, as it was written, and the name that it stands for."""

    name: str
    aim: str


_K, _M = 1_000, 1_000_000

# docs/kiro.md §7, 2026-11: used until Kiro's own list is known. That auto reads no
# images stands in a captured list (§9); that the last five do not is inferred.
FALLBACK: tuple[Model, ...] = (
    Model("auto", _M, 64 * _K, images=False, multiplier=1.0, name="Auto"),
    Model("claude-opus-5.5", _M, 128 * _K, name="Claude Opus 5.5"),
    Model("claude-opus-5", _M, 128 * _K, multiplier=2.2, name="Claude Opus 5"),
    Model("claude-sonnet-5", _M, 64 * _K, multiplier=1.3, name="Claude Sonnet 5"),
    Model("claude-fable-5", _M, 64 * _K, name="Claude Fable 5"),
    Model("claude-opus-4.8", _M, 128 * _K, multiplier=2.2, name="Claude Opus 4.8"),
    Model("claude-opus-4.7", _M, 128 * _K, multiplier=2.2, name="Claude Opus 4.7"),
    Model("claude-opus-4.6", _M, 64 * _K, multiplier=2.2, name="Claude Opus 4.6"),
    Model("claude-sonnet-4.6", _M, 64 * _K, multiplier=1.3, name="Claude Sonnet 4.6"),
    Model("claude-opus-4.5", 200 * _K, 64 * _K, multiplier=2.2, name="Claude Opus 4.5"),
    Model("claude-sonnet-4.5", 200 * _K, 64 * _K, multiplier=1.3, name="Claude Sonnet 4.5"),
    Model("claude-sonnet-4", 200 * _K, 64 * _K, multiplier=1.3, name="Claude Sonnet 4"),
    Model("claude-haiku-4.5", 200 * _K, 64 * _K, multiplier=0.4, name="Claude Haiku 4.5"),
    Model("gpt-5.6-sol", 272 * _K, 128 * _K, multiplier=2.4, name="GPT-5.6 Sol"),
    Model("gpt-5.6-terra", 272 * _K, 128 * _K, multiplier=1.2, name="GPT-5.6 Terra"),
    Model("gpt-5.6-luna", 272 * _K, 128 * _K, name="GPT-5.6 Luna"),
    Model("deepseek-3.2", 128 * _K, images=False, multiplier=0.25, name="DeepSeek 3.2"),
    Model("glm-5", 200 * _K, images=False, multiplier=0.5, name="GLM 5"),
    Model("minimax-m2.5", 200 * _K, images=False, multiplier=0.25, name="MiniMax M2.5"),
    Model("minimax-m2.1", 200 * _K, images=False, multiplier=0.15, name="MiniMax M2.1"),
    Model("qwen3-coder-next", 256 * _K, images=False, multiplier=0.05, name="Qwen3 Coder Next"),
)

_FALLBACK = {model.id: model for model in FALLBACK}
_WIDE = "-1m"
"""What hangs on the id of a model whose window is a million tokens, where there is another."""

ROUTER, ROUTER_ALIAS = "auto", "auto-kiro"
"""Kiro's own choice of a model, and its name for clients that mean something else by `auto`."""

_EFFORT = r"(?:none|minimal|low|medium|high|xhigh|max)"
_FAMILY = r"(sonnet|opus|haiku|fable|mythos)"
_GPT = r"gpt-5\.6-(?:sol|terra|luna)"
_Rewrites: TypeAlias = tuple[tuple[re.Pattern[str], str], ...]


def _rewrites(*pairs: tuple[str, str]) -> _Rewrites:
    return tuple((re.compile(pattern), replacement) for pattern, replacement in pairs)


# In this order: what stands around the id, then what hangs on its end, then the id's own form.
_AROUND = _rewrites(
    (r"^kiro[/-]", ""),
    (r"^(?:us|eu|apac|global)\.anthropic\.", ""),
    (r"^anthropic\.", ""),
    (r"^(?:anthropic|openai)/", ""),
    (r"\[1m\]$", ""),
    (r"-v\d+[:-]\d+$", ""),
)
_WITHIN = _rewrites(
    (rf"^(claude-.+|{_GPT})-{_EFFORT}$", r"\1"),
    (r"^(claude-.+)-thinking$", r"\1"),
    (r"^(claude-.+)-latest$", r"\1"),
    (r"^(claude-.+)[-@]\d{8}$", r"\1"),
    (rf"^claude-(\d+)(?:[-.](\d+))?-{_FAMILY}$", r"claude-\3-\1.\2"),
    (rf"^(claude-{_FAMILY}-\d+)-(\d{{1,2}})({_WIDE})?$", r"\1.\3\4"),
    (rf"^(claude-{_FAMILY}-\d+)\.0?$", r"\1"),
    (rf"^{ROUTER_ALIAS}$", ROUTER),
)
_ENDS = re.compile(rf"(?:claude-.+?(?P<thinking>-thinking)?|{_GPT})(?:-(?P<effort>{_EFFORT}))?")
_VENDOR = re.compile(r"^(?:anthropic|openai)/")
_WELL_FORMED = re.compile(r"[a-z0-9][a-z0-9._:@/-]{0,127}")
_SHOWN = 80


def canonical(name: str) -> str:
    """Return what Kiro would call the model that a client calls so (docs/kiro.md §7)."""
    return _rewritten(_bare(name), _WITHIN)


def spoken_thinking(name: str) -> Thinking:
    """Return what a client's name of a model says of thinking; an effort asks for it too."""
    found = _ENDS.fullmatch(_bare(name))
    if found is None or not (found["thinking"] or found["effort"]):
        return SILENT
    if found["effort"] == "none":
        return Thinking(enabled=False)
    return Thinking(enabled=True, effort=found["effort"])


def _bare(name: str) -> str:
    name = _folded(name)
    if name.startswith("claude_"):  # the upper-case ids of 2025
        name = name.replace("_", "-")
    return _rewritten(name, _AROUND)


def _rewritten(name: str, rewrites: _Rewrites) -> str:
    for pattern, replacement in rewrites:
        name = pattern.sub(replacement, name)
    return name


def _common() -> Sequence[Model]:
    return FALLBACK


class Catalogue:
    """The models that can be asked for, and further names for them.

    `listed` gives what is offered just now; as long as that is the same object, finding a model
    costs no more than looking into a table.
    """

    def __init__(
        self,
        listed: Callable[[], Sequence[Model]] = _common,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self._listed = listed
        self._aliases = {name.lower(): Alias(name, aim) for name, aim in (aliases or {}).items()}
        self._indexed: tuple[Sequence[Model], Mapping[str, Model]] = ((), {})

    def models(self) -> tuple[Model, ...]:
        """Return every model of the list, in its order."""
        return tuple(self._index().values())

    def shown(self) -> tuple[Model, ...]:
        """Return what a client can choose from: the list, and each alias as a model of its own."""
        index = self._index()
        router = index.get(ROUTER)
        own = {ROUTER_ALIAS: _named(router, ROUTER_ALIAS)} if router else {}
        aliases = {key: self._as_model(alias, index) for key, alias in self._aliases.items()}
        return tuple({**index, **own, **aliases}.values())

    def show(self, name: str) -> Model:
        """Return the model that a name means as `shown` has it; raises UnknownModel."""
        index = self._index()
        if alias := self._alias(name):
            return self._as_model(alias, index)
        if (model_id := self._id(name, index)) in index:
            return index[model_id]
        raise self.unknown(name)

    def known(self, name: str) -> bool:
        """Tell whether the name means a model of the list."""
        index = self._index()
        return self._id(name, index) in index

    def find(self, name: str) -> Target:
        """Find the model; an unknown id passes, since Kiro may have news. Raises UnknownModel."""
        index = self._index()
        aim = self._aim(name)
        if aim in index:
            return Target(name, index[aim])
        model_id = _id(aim, index)
        if model_id not in index and not _WELL_FORMED.fullmatch(model_id):
            raise self.unknown(name, path="model")
        return Target(name, _limited(model_id, index), spoken_thinking(aim))

    def unknown(self, name: str, *, path: str | None = None) -> UnknownModel:
        """Return the one error for a model that cannot be had, whoever found it out, and how."""
        index = self._index()
        shown, model_id = name[:_SHOWN], self._id(name, index)[:_SHOWN]
        meant = f" (by its alias '{model_id}')" if self._alias(name) else ""
        names = (*index, *(alias.name for alias in self._aliases.values()))
        others = [each for each in names if each.lower() not in {model_id, _folded(name)}]
        hint = did_you_mean(model_id, others) or "."
        return UnknownModel(
            f"Kiro offers your accounts no model {shown!r}{meant}{hint} GET /v1/models lists what"
            " there is; [[models]] in config.toml can make this name mean one of them.",
            path=path,
        )

    def _index(self) -> Mapping[str, Model]:
        listed = self._listed()
        if listed is not self._indexed[0]:
            self._indexed = listed, {model.id: model for model in listed}
        return self._indexed[1]

    def _id(self, name: str, index: Mapping[str, Model]) -> str:
        return _id(self._aim(name), index)

    def _aim(self, name: str) -> str:
        alias = self._alias(name)
        return alias.aim if alias else name

    def _alias(self, name: str) -> Alias | None:
        if not self._aliases:
            return None
        folded = _folded(name)
        return self._aliases.get(folded) or self._aliases.get(_VENDOR.sub("", folded))

    def _as_model(self, alias: Alias, index: Mapping[str, Model]) -> Model:
        model = _limited(self._id(alias.name, index), index)
        return _named(model, alias.name)


def _named(model: Model, name: str) -> Model:
    return msgspec.structs.replace(model, id=name, name="")


def _id(aim: str, index: Mapping[str, Model]) -> str:
    """Return which of the models is meant, or the id that Kiro may know."""
    if aim in index:
        return aim
    model_id = canonical(aim)
    wide = f"{model_id}{_WIDE}"
    return wide if _folded(aim).endswith("[1m]") and wide in index else model_id


def _limited(model_id: str, index: Mapping[str, Model]) -> Model:
    """Return the model with its limits: as they are listed, as commonly known, or usual ones."""
    return index.get(model_id) or _FALLBACK.get(model_id) or Model(model_id)


def _folded(name: str) -> str:
    return name.strip().lower()

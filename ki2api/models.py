"""The model catalogue: what Kiro calls its models, what clients call them, and their limits."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import msgspec

from ki2api.errors import UnknownModel


class Model(msgspec.Struct, frozen=True):
    """A model as Kiro offers it. `multiplier` is its price in credits, where it is known."""

    id: str
    window: int = 200_000
    max_output: int = 64_000
    images: bool = True
    multiplier: float | None = None
    name: str = ""
    description: str = ""


class Target(msgspec.Struct, frozen=True):
    """The model that a request goes to; `asked` is the client's own word for it."""

    asked: str
    model: Model


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

_EFFORT = r"-(?:none|minimal|low|medium|high|xhigh|max)"
_FAMILY = r"(sonnet|opus|haiku|fable|mythos)"
# In this order: what stands around the id, then what hangs on its end, then the id's own form.
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"^kiro[/-]", ""),
        (r"^(?:us|eu|apac|global)\.anthropic\.", ""),
        (r"^anthropic[./]", ""),
        (r"\[1m\]$", ""),
        (r"-v\d+[:-]\d+$", ""),
        (rf"^(claude-.+|gpt-5\.6-(?:sol|terra|luna)){_EFFORT}$", r"\1"),
        (r"^(claude-.+)-thinking$", r"\1"),
        (r"^(claude-.+)-latest$", r"\1"),
        (r"^(claude-.+)[-@]\d{8}$", r"\1"),
        (rf"^claude-(\d+)(?:[-.](\d+))?-{_FAMILY}$", r"claude-\3-\1.\2"),
        (rf"^(claude-{_FAMILY}-\d+)-(\d{{1,2}})$", r"\1.\3"),
        (rf"^(claude-{_FAMILY}-\d+)\.0?$", r"\1"),
        (r"^auto-kiro$", "auto"),
    )
)
_WELL_FORMED = re.compile(r"[a-z0-9][a-z0-9._:@/-]{0,127}")
_SHOWN = 80


def canonical(name: str) -> str:
    """Return what Kiro would call the model that a client calls so (docs/kiro.md §7)."""
    name = name.strip().lower()
    if name.startswith("claude_"):  # the upper-case ids of 2025
        name = name.replace("_", "-")
    for pattern, replacement in _REWRITES:
        name = pattern.sub(replacement, name)
    return name


class Catalogue:
    """The models that can be asked for, and further names for them."""

    def __init__(
        self, models: Sequence[Model] = FALLBACK, aliases: Mapping[str, str] | None = None
    ) -> None:
        self._models = {model.id: model for model in models}
        self._aliases = {name.lower(): aim for name, aim in (aliases or {}).items()}

    def models(self) -> tuple[Model, ...]:
        """Return every model of the list, in its order."""
        return tuple(self._models.values())

    def known(self, name: str) -> bool:
        """Tell whether the name means a model of the list."""
        return self._id(name) in self._models

    def find(self, name: str) -> Target:
        """Find the model; an unknown id passes, since Kiro may have news. Raises UnknownModel."""
        model_id = self._id(name)
        if model := self._models.get(model_id):
            return Target(name, model)
        if not _WELL_FORMED.fullmatch(model_id):
            raise UnknownModel(self._unknown(name), path="model")
        return Target(name, Model(model_id))

    def near(self, name: str) -> list[str]:
        """Return the names that somebody who wrote this may have meant, the nearest first."""
        return get_close_matches(canonical(name), [*self._models, *self._aliases])

    def _id(self, name: str) -> str:
        aim = self._aliases.get(name.strip().lower(), name)
        return aim if aim in self._models else canonical(aim)

    def _unknown(self, name: str) -> str:
        guesses = " or ".join(self.near(name[:_SHOWN]))
        hint = f" Did you mean {guesses}?" if guesses else ""
        return f"No model is called {name[:_SHOWN]!r}.{hint}"

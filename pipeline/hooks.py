"""Turns a file of plain functions, named by the moments at which they run, into one stage."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from inspect import (
    isasyncgenfunction,
    iscoroutinefunction,
    isfunction,
    isgeneratorfunction,
    signature,
    unwrap,
)
from types import FunctionType, GenericAlias, ModuleType, new_class
from typing import Any, ClassVar, TypeAlias, TypeVar

from pipeline.errors import StageNotFound, did_you_mean
from pipeline.flow import Flow, settled
from pipeline.stage import ConfigT, Next, Stage, StageConfig
from pipeline.stream import Batch, Wrapped

T = TypeVar("T")
Hook: TypeAlias = Callable[..., Any]

MOMENTS = {
    "request": ("flow",),
    "event": ("flow", "event"),
    "response": ("flow",),
    "error": ("flow", "error"),
}
"""The moments at which a hook can run, and what it is given then."""
DECLARATIONS = ("requires", "provides", "awaits", "answers")


class HookStage(Stage[Any, ConfigT]):
    """A stage made of the hooks of one file."""

    hooks: ClassVar[dict[str, Hook]]

    def __init__(self, config: ConfigT) -> None:
        super().__init__(config)
        bound = {
            moment: partial(hook, config=config) if _more(moment, hook) else hook
            for moment, hook in self.hooks.items()
        }
        self._request = bound.get("request")
        self._event = bound.get("event")
        self._response = bound.get("response")
        self._error = bound.get("error")

    async def __call__(self, flow: Flow, call_next: Next[Flow]) -> None:
        if self._request:
            await settled(self._request(flow))
        if self._error:
            await _watched(call_next(flow), partial(self._error, flow))
        else:
            await call_next(flow)
        if self._event:
            flow.through(partial(_each, partial(self._event, flow)))
        if self._error and flow.has("events"):
            flow.events = Watched(flow.events, partial(self._error, flow))
        if self._response:  # by this key, a second attempt takes the place of the first
            flow.when_answered[f"{self.name} {id(self)}"] = partial(self._response, flow)


class Watched(Wrapped):
    """A stream whose errors are shown to a hook, which may put others in their place."""

    def __init__(self, source: AsyncIterator[Batch[Any]], hook: Hook) -> None:
        super().__init__(source)
        self._hook = hook

    async def __anext__(self) -> Batch[Any]:
        return await _watched(anext(self.source), self._hook)


async def _watched(work: Awaitable[T], hook: Hook) -> T:
    try:
        return await work
    except StopAsyncIteration:  # the end of a stream is no error
        raise
    except Exception as error:
        other = await settled(hook(error))
        if isinstance(other, Exception) and other is not error:
            raise other from error
        raise


def _each(hook: Hook, batch: Batch[Any]) -> Batch[Any]:
    return tuple(kept for event in batch if (kept := hook(event)) is not None)


def hook_stage(module: ModuleType, name: str) -> type[HookStage[Any]]:
    """Make a stage of a module's hooks; what it declares, and its Config, become the stage's."""
    own = {
        word: value
        for word, value in vars(module).items()
        if isfunction(value) and value.__module__ == module.__name__ and not word.startswith("_")
    }
    hooks = {moment: own[moment] for moment in MOMENTS if moment in own}
    faults = [*_misspelt(own), *_misshapen(hooks, module), *_misdeclared(module)]
    if not hooks and not faults:
        faults = [f"{module.__file__}: there is neither a Stage class nor a hook in this file"]
    if faults:
        raise StageNotFound("\n".join(faults))
    body: dict[str, Any] = {word: frozenset(getattr(module, word, ())) for word in DECLARATIONS}
    if "event" in hooks:
        body["awaits"] |= {"events"}
    body |= {"name": name, "hooks": hooks, "__doc__": module.__doc__, "__module__": module.__name__}
    base = GenericAlias(HookStage, (_config(module) or StageConfig,))
    return new_class(name, (base,), exec_body=lambda space: space.update(body))


def _config(module: ModuleType) -> type[StageConfig] | None:
    config = vars(module).get("Config")
    return config if isinstance(config, type) and issubclass(config, StageConfig) else None


def _misspelt(functions: dict[str, FunctionType]) -> Iterator[str]:
    for name, function in functions.items():
        hint = did_you_mean(name, MOMENTS)
        if hint and name not in MOMENTS:
            yield f"{_place(function)}: {name} is no hook{hint} (a helper's name begins with _)"


def _misshapen(hooks: dict[str, FunctionType], module: ModuleType) -> Iterator[str]:
    for moment, hook in hooks.items():
        given, more = MOMENTS[moment], _more(moment, hook)
        if len(signature(hook).parameters) < len(given) or more not in ([], ["config"]):
            yield f"{_place(hook)}: {moment} takes ({', '.join(given)}), and config after them"
        elif more and _config(module) is None:
            yield f"{_place(hook)}: {moment} takes config, but there is no Config(StageConfig) here"
        if isgeneratorfunction(hook) or isasyncgenfunction(hook):
            yield f"{_place(hook)}: {moment} must not yield"
        elif moment == "event" and iscoroutinefunction(hook):
            yield f"{_place(hook)}: event must not be async, since it runs within a batch"


def _more(moment: str, hook: Hook) -> list[str]:
    """Return the parameters that a hook takes beyond what its moment gives it."""
    return list(signature(hook).parameters)[len(MOMENTS[moment]) :]


def _misdeclared(module: ModuleType) -> Iterator[str]:
    for word in DECLARATIONS:
        if not isinstance(getattr(module, word, frozenset()), set | frozenset):
            yield f'{module.__file__}: {word} must be a set of slot names, such as {{"events"}}'


def _place(function: FunctionType) -> str:
    code = unwrap(function).__code__
    return f"{code.co_filename}:{code.co_firstlineno}"

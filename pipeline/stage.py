"""What a stage is: a layer that wraps the rest of the chain."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar, get_args

import msgspec

from pipeline.flow import Flow

FlowT = TypeVar("FlowT", bound=Flow)
FlowT_contra = TypeVar("FlowT_contra", bound=Flow, contravariant=True)
ConfigT = TypeVar("ConfigT", bound="StageConfig")
Next: TypeAlias = Callable[[FlowT], Awaitable[None]]


class StageConfig(msgspec.Struct, forbid_unknown_fields=True, rename="kebab", frozen=True):
    """Settings of a stage. Subclass it; each field is a key of the stage's TOML table."""


class Stage(Generic[FlowT, ConfigT]):
    """One room on the way of a flow. An instance lives as long as the app and serves all flows."""

    name: ClassVar[str]
    requires: ClassVar[frozenset[str]] = frozenset()
    """Slots filled before me."""
    provides: ClassVar[frozenset[str]] = frozenset()
    """Slots I fill before calling on."""
    awaits: ClassVar[frozenset[str]] = frozenset()
    """Slots filled by those inside, when they return."""
    answers: ClassVar[frozenset[str]] = frozenset()
    """Slots I fill on the way back."""
    takes: ClassVar[frozenset[str]] = frozenset()
    """Awaited slots that I use up: a stage outside me finds them empty."""
    repeats: ClassVar[bool] = False
    """Whether I may call on more than once."""
    once_per_attempt: ClassVar[str] = ""
    """Why a stage that repeats should stand outside me, or nothing if it need not."""

    def __init__(self, config: ConfigT) -> None:
        self.config = config

    async def start(self) -> None:
        """Open what the stage needs; called when the app starts, outermost stage first."""

    async def stop(self) -> None:
        """Close it again; called when the app stops, innermost stage first."""

    def __call__(self, flow: FlowT, call_next: Next[FlowT]) -> Awaitable[None]:
        """Do your part, and call on with `await call_next(flow)`.

        That is an `async def`; a stage that has nothing to do on the way back may as well be a
        plain function, and `return call_next(flow)`: one coroutine less.
        """
        raise NotImplementedError


AnyStage: TypeAlias = Stage[Any, Any]


class Endpoint(Protocol[FlowT_contra]):
    """The innermost callable of a chain; it is no stage, since nothing is inside it."""

    @property
    def requires(self) -> frozenset[str]:
        """Slots filled before me."""

    @property
    def answers(self) -> frozenset[str]:
        """Slots I fill."""

    async def __call__(self, flow: FlowT_contra) -> None:
        """Do the work that all stages lead to."""


def config_type(stage: type[AnyStage]) -> type[StageConfig]:
    """Return the Config that a stage names in its `Stage[..., Config]` base, inherited or not."""
    for owner in stage.__mro__:
        for base in vars(owner).get("__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, StageConfig):
                    return argument
    return StageConfig

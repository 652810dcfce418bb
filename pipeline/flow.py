"""One request on its way in and back: its identity, its slots, its notes and what it keeps open."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from functools import cache
from inspect import get_annotations, getattr_static, isawaitable, isdatadescriptor
from secrets import token_hex
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

import msgspec

from pipeline.errors import EmptySlot, did_you_mean
from pipeline.held import Held, Scope
from pipeline.stream import Batch, Through

T = TypeVar("T")


class Slot(Generic[T]):
    """A typed place on a flow, filled by one stage and read by others.

    What fills it stands in the flow's own dictionary, where Python looks first: this object is
    asked of a slot only while that is empty.
    """

    name: str

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, flow: None, owner: type) -> Self: ...
    @overload
    def __get__(self, flow: object, owner: type) -> T: ...
    def __get__(self, flow: object | None, owner: type) -> T | Self:
        if flow is None:
            return self
        raise EmptySlot(f"flow.{self.name} is empty")

    if TYPE_CHECKING:

        def __set__(self, flow: object, value: T) -> None: ...
        def __delete__(self, flow: object) -> None: ...


class Note(msgspec.Struct, frozen=True):
    """Something a stage did that a reader of this flow may want to know."""

    stage: str
    text: str


class Flow:
    """One request and its answer. Subclass it and add slots.

    The flow owns whatever was opened for it and only `aclose` closes it, in reverse order.
    """

    events: Slot[AsyncIterator[Batch[Any]]] = Slot()
    """What comes back, in batches: one batch holds what one read of the source brought."""

    given: ClassVar[frozenset[str]] = frozenset()
    """Slots that are filled before the flow enters the chain."""

    id: str
    clock: Callable[[], float]
    began: float
    notes: list[Note]
    extras: dict[str, Any]
    """What a stage of one's own keeps for this request, under a name of its own."""
    when_answered: dict[str, Callable[[], object]]
    """What to run, sync or async, once the response is ready to be sent; one for each key."""
    _scopes: list[Held]
    _plain: ClassVar[frozenset[str]]
    """What stands in a flow's own dictionary where it is set: all but properties and their like."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._plain = _plain(cls)

    def __init__(
        self,
        id: str = "",  # noqa: A002 - its name everywhere
        *,
        clock: Callable[[], float] = monotonic,
        **filled: object,
    ) -> None:
        """`id` is made up where none is given; `clock` gives seconds that never go back.

        `filled` are slots, or what else may be set on this kind of flow, and what is in them.
        """
        # All at once: each by itself would be looked at by `__setattr__`.
        self.__dict__.update(
            id=id or token_hex(6),
            clock=clock,
            began=clock(),
            notes=[],
            extras={},
            when_answered={},
            _scopes=[Held()],
        )
        if self._plain.issuperset(filled):
            self.__dict__.update(filled)
        else:
            for name, value in filled.items():
                setattr(self, name, value)

    if (
        not TYPE_CHECKING
    ):  # pragma: no branch - a type checker that saw it would let every name pass

        def __setattr__(self, name: str, value: object) -> None:
            if name in self._plain:
                self.__dict__[name] = value  # as super() would, at a third of its price
            elif name in _names(type(self)):
                super().__setattr__(name, value)
            else:
                # It would be filled in silence, and the right slot be missed far away.
                hint = did_you_mean(name, self.slots())
                raise AttributeError(f"{type(self).__name__} has no slot {name!r}{hint}")

        def __delattr__(self, name: str) -> None:
            # A slot may be emptied that is empty.
            if self.has(name) or not isinstance(getattr(type(self), name, None), Slot):
                super().__delattr__(name)

    @classmethod
    def slots(cls) -> frozenset[str]:
        """Return the names of every slot of this kind of flow."""
        return frozenset(
            name
            for base in cls.__mro__
            for name, value in vars(base).items()
            if isinstance(value, Slot)
        )

    def has(self, name: str) -> bool:
        """Tell whether the slot is filled."""
        return name in self.__dict__

    def clear(self, names: Iterable[str]) -> None:
        """Empty these slots."""
        for name in names:
            self.__dict__.pop(name, None)

    def note(self, stage: str, text: str) -> None:
        """Leave a note for whoever looks at this flow."""
        self.notes.append(Note(stage, text))

    def through(self, change: Callable[[Batch[Any]], Batch[Any]]) -> None:
        """Pass every batch of `events` through a plain function from now on."""
        self.events = Through.join(self.events, change)

    async def answered(self) -> None:
        """Run what stages left in `when_answered`, in the order they left it."""
        for callback in tuple(self.when_answered.values()):
            await settled(callback())

    def keep_open(self, resource: AbstractAsyncContextManager[Any, bool | None]) -> None:
        """Own an entered resource: it is left when the flow is closed, the newest first."""
        self._scopes[-1].push(resource)

    async def hold(self, resource: AbstractAsyncContextManager[T, bool | None]) -> T:
        """Enter a resource and own it; hold it before calling on, and it is left after theirs."""
        entered = await resource.__aenter__()
        self.keep_open(resource)
        return entered

    def when_closed(self, callback: Callable[[], object]) -> None:
        """Run a plain function when what is open now is closed, whatever happened."""
        self._scopes[-1].callback(callback)

    def when_left(self, callback: Callable[[BaseException | None], object]) -> None:
        """Do the same, and tell the function the error that what was open is closed with."""
        self._scopes[-1].tell(callback)

    def scope(self) -> Scope:
        """Keep what is opened inside for the flow, or close it with the error if one is raised.

        A stage that tries again runs each attempt in a scope of its own, so that nothing of a
        failed one stays open, and whoever holds something learns why it failed. `async with` gives
        what holds that which was opened inside: to leave it closes that before the flow ends.
        """
        return Scope(self._scopes)

    async def aclose(self) -> None:
        """Close everything that was kept open, once, also of scopes that are not left yet."""
        outermost, *others = self._scopes
        for held in others:
            outermost.push(held)
        await outermost.aclose()


@cache
def _names(kind: type) -> frozenset[str]:
    """Return what may be set on a flow of this kind."""
    return frozenset(
        name for base in kind.__mro__ for name in (*vars(base), *get_annotations(base))
    )


def _plain(kind: type) -> frozenset[str]:
    """Return which of these names no property, nor anything of its kind, looks after."""
    return frozenset(
        name for name in _names(kind) if not isdatadescriptor(getattr_static(kind, name, None))
    )


Flow.__init_subclass__()


async def settled(outcome: object) -> object:
    """Return what a callable returned, awaited if it is to be awaited."""
    return await outcome if isawaitable(outcome) else outcome

"""What a flow keeps open: left in reverse order, whatever happens, with the error if there is one.

As `contextlib.AsyncExitStack` does it, at a third of its price: every request has several.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

from msgspec import Struct, field


class Held(Struct, eq=False):
    """Entered resources, to be left all at once: `async with` does, as does `aclose`."""

    _leaves: list[tuple[Callable[..., Any], bool]] = []
    """What to call, and whether that is a plain function which is told the error alone."""

    def push(self, resource: AbstractAsyncContextManager[Any, bool | None]) -> None:
        """Own an entered resource."""
        self._leaves.append((resource.__aexit__, False))

    def callback(self, callback: Callable[[], object]) -> None:
        """Run a plain function when its turn to be left comes."""
        self.tell(lambda _: callback())

    def tell(self, callback: Callable[[BaseException | None], object]) -> None:
        """Run a plain function when its turn comes, and tell it the error, if there is one."""
        self._leaves.append((callback, True))

    def aclose(self) -> Awaitable[object]:
        """Leave everything that is held, once, as gone well."""
        return self.__aexit__(None, None, None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> bool:
        """Leave everything; what one raises is the error for those outside it."""
        leaves, first = self._leaves, error
        while leaves:
            leave, is_plain = leaves.pop()
            try:
                if is_plain:
                    leave(error)
                elif await leave(kind, error, at):
                    kind = error = at = None
            except BaseException as other:  # noqa: BLE001 - raised when the others have been left
                if other is not error and other.__context__ is None:
                    other.__context__ = error
                kind, error, at = type(other), other, other.__traceback__
        if error is not None and error is not first:
            raise error
        return first is not None and error is None


class Scope(Struct):
    """Keeps what is opened inside for later, or leaves it at once where an error is raised.

    `scopes` are those that are open, the innermost last.
    """

    scopes: list[Held]
    _held: Held = field(default_factory=Held)

    async def __aenter__(self) -> Held:
        self.scopes.append(self._held)
        return self._held

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.scopes.remove(self._held)
        if error is None:
            self.scopes[-1].push(self._held)
        else:
            await self._held.__aexit__(kind, error, at)

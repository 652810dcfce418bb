"""Gateways that follow each other: each serves what it began, and ends after its last use."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import loguru
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from ki2api.accounts.errands import Errands
from ki2api.accounts.signin.asking import BUDGET
from ki2api.accounts.sources import Found
from ki2api.app import Built, Lasting, build, create_app, lasting
from ki2api.reload.questions import Questions
from ki2api.reload.ways import Find, Ways, ways_of
from ki2api.settings import Loaded
from ki2api.web.door import Door
from ki2api.web.gateway import GATEWAY
from ki2api.web.paths import LenientPaths
from ki2api.web.places import PLACE
from pipeline import PipelineError

IDLE = 2.0
"""Seconds that requests which the server has cancelled have to end, when the process ends."""
GRACE = 5.0
"""Seconds that stages have to stop, where no request keeps them."""
GRACE_FOR_REFRESHES = BUDGET + 1.0
"""Seconds that a refresh under way has: cut off, it may lose a token that was already rotated."""


class Generation:
    """One gateway with all that it holds open; `with` keeps it open."""

    def __init__(self, built: Built) -> None:
        self.built = built
        self._begun = asyncio.Event()
        self._fault: PipelineError | None = PipelineError("the pipeline did not come to its start")
        self._uses = 0
        self._left = asyncio.Event()
        self._replaced = asyncio.Event()

    def __enter__(self) -> Built:
        self._uses += 1
        return self.built

    def __exit__(self, *_: object) -> None:
        self._uses -= 1
        if not self._uses:
            self._left.set()

    def replace(self) -> None:
        """Let it end, as soon as nothing uses it any more."""
        self._replaced.set()

    async def unused(self) -> None:
        while self._uses:
            self._left.clear()
            await self._left.wait()

    async def begun(self) -> None:
        """Wait until the chain has started; raises PipelineError where it does not."""
        await self._begun.wait()
        if self._fault is not None:
            raise self._fault

    async def live(self) -> None:
        """Start the chain, and close everything when it was replaced and is not used any more.

        All in one task, as stages may want that their start and stop run in the same.
        """
        try:
            async with AsyncExitStack() as held:
                held.push_async_callback(self.built.ways.clients.aclose)
                await self.built.gateway.chain.start()
                held.push_async_callback(self.built.gateway.chain.stop)
                self._fault = None
                self._begun.set()
                await self._replaced.wait()
                await self.unused()
        except BaseException as error:
            if _is_cancelled():
                raise
            self._blame(error)
        finally:
            self._begun.set()

    def _blame(self, error: BaseException) -> None:
        """Take whatever a stage raises, be it SystemExit, as a fault of that stage alone."""
        if self._begun.is_set():
            loguru.logger.opt(exception=error).error("a pipeline did not stop as it should")
        elif isinstance(error, PipelineError):
            self._fault = error
        else:
            self._fault = PipelineError(f"a stage does not start: {type(error).__name__}: {error}")


def _is_cancelled() -> bool:
    """Tell whether this task was told to end; a stage can also raise a CancelledError itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Generations:
    """The gateway in force as an ASGI app, and those before it that still serve something."""

    def __init__(self, app: ASGIApp, *, grace: float = GRACE, patience: float = 2.0) -> None:
        """`app` finds the gateway of each request in its ASGI state.

        `grace` is in seconds, as is `patience` with a stage that swallows its cancellation.
        """
        self._app = app
        self._grace = grace
        self._current: Generation | None = None
        self._lives = Errands(patience)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request by one gateway from its beginning to its end; part of ASGI."""
        with self._in_force as built:
            state = scope["state"]
            state[GATEWAY] = built.gateway
            try:
                await self._app(scope, receive, send)
            finally:
                if PLACE in state:
                    state[PLACE].leave()

    @property
    def built(self) -> Built:
        """The gateway in force."""
        return self._in_force.built

    def headers(self, request_id: str) -> dict[str, str]:
        """Return what every answer of the gateway in force carries."""
        return self.built.gateway.headers(request_id)

    @contextmanager
    def ways(self) -> Iterator[Ways]:
        """Give the ways of the gateway in force, and keep them open."""
        with self._in_force as built:
            yield built.ways

    async def begin(self, built: Built) -> None:
        """Start a gateway and let it take over; raises PipelineError, and then all is as before."""
        generation = Generation(built)
        self._lives.send(generation.live())
        try:
            await generation.begun()
        except BaseException:
            generation.replace()
            raise
        before, self._current = self._current, generation
        if before is not None:
            before.replace()

    async def idle(self) -> None:
        """Wait until nothing uses the gateway in force, but not for ever."""
        try:
            async with asyncio.timeout(IDLE):
                await self._in_force.unused()
        except TimeoutError:
            self._grace = 0.0  # what swallows its cancellation is not waited for twice

    async def close(self) -> None:
        """End every gateway."""
        if self._current is not None:
            self._current.replace()
        await self._lives.finish(self._grace)
        if self._lives:
            loguru.logger.error("a stage does not stop: it is left behind")

    @property
    def _in_force(self) -> Generation:
        if self._current is None:
            raise RuntimeError("no gateway has begun")
        return self._current


class House(Struct, frozen=True):
    """All that serves: the gateways that follow each other, and what they share."""

    generations: Generations
    shared: Lasting


@asynccontextmanager
async def opened(loaded: Loaded, found: Found, find: Find) -> AsyncIterator[House]:
    """Open all that serving needs, and close it again; `find` looks for the accounts anew."""
    app = create_app()
    generations = Generations(LenientPaths(Door(app), app.routes))
    shared = lasting(loaded, found, Questions(generations.ways))
    built = build(loaded, shared, ways_of(loaded.settings.upstream, find))
    async with AsyncExitStack() as held:
        held.push_async_callback(generations.close)
        await shared.pool.start()
        held.push_async_callback(shared.pool.stop, GRACE_FOR_REFRESHES)
        for warning in (*built.warnings, *shared.pool.warnings):
            loguru.logger.warning("{}", warning)
        await generations.begin(built)
        held.push_async_callback(generations.idle)
        yield House(generations, shared)

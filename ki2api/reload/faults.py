"""What keeps new settings or logins out of force: told once in the log, and always on /health."""

from collections.abc import Callable
from time import strftime
from typing import Literal, TypeAlias

import loguru

from ki2api.accounts.sources import AccountsUnreadable
from ki2api.app import Lasting
from pipeline import PipelineError

About: TypeAlias = Literal["settings", "logins"]
_SHOWN = 500
"""Characters of faults on /health; the log has them all."""


class Faults:
    """The faults there are now; `shared.fault` always says them."""

    def __init__(
        self, shared: Lasting, clock: Callable[[], str] = lambda: strftime("%H:%M")
    ) -> None:
        """`clock` gives the time of the day as people read it."""
        self._shared = shared
        self._clock = clock
        self._known: dict[About, tuple[str, str]] = {}

    def __contains__(self, about: About) -> bool:
        return about in self._known

    def note(self, about: About, error: Exception) -> None:
        """Remember what is wrong, and tell it if it is news; a mistake of ours with its trace."""
        foreseen = isinstance(error, (PipelineError, AccountsUnreadable))
        said = str(error) if foreseen else f"{type(error).__name__}: {error}"
        faults = "; ".join(said.splitlines())
        before, since = self._known.get(about, ("", self._clock()))
        self._known[about] = faults, since
        self._show()
        if faults != before:
            kept = "those before stay in force"
            if about == "logins" and not self._shared.pool.names():
                kept = "and there is still no account"
            told = f"the new {about} have faults, {kept}: {faults}"
            loguru.logger.opt(exception=None if foreseen else error).error("{}", told)

    def clear(self, *about: About) -> None:
        """Forget what is mended, and tell that it is."""
        for each in about:
            if self._known.pop(each, None):
                loguru.logger.info("the faults of the {} are mended", each)
        self._show()

    def _show(self) -> None:
        self._shared.fault = "; ".join(
            f"the {about} have faults since {since}, those before are in force: {faults[:_SHOWN]}"
            for about, (faults, since) in self._known.items()
        )

"""What others import for things that no server of ours does waits until somebody uses it."""

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

SELDOM = "yaml", "pdb", "idna", "csv", "bz2", "lzma", "logging.config", "multiprocessing.connection"
"""By whom: Litestar, to write its own description of an API and to debug; httpx, for hosts that are
not ASCII; Python, for lists of installed files and for archives; uvicorn, to read settings of a log
and to run more processes. They are a twentieth of a start and 2 MB of a server.
"""
NEVER = "httpx._main"
"""The command line of httpx, which would bring all of rich; httpx does without where it is none."""


def defer() -> None:
    """Let each of them be a stand-in that reads it when the first of its names is asked for.

    Python's own `LazyLoader` would read it at the next `import` already, which asks for its spec.
    """
    sys.modules.setdefault(NEVER, None)  # type: ignore[arg-type]  # None says that there is none
    for name in SELDOM:
        if name not in sys.modules and find_spec(name):
            sys.modules[name] = waiting = _Waiting(name)
            package, _, within = name.rpartition(".")
            if package:
                setattr(sys.modules[package], within, waiting)


class _Waiting(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)

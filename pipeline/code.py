"""Loads code that a settings file names: a file beside it, or an object of a package."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from traceback import extract_tb
from types import ModuleType, TracebackType
from typing import Any

from pipeline.errors import CodeNotFound
from pipeline.files import opened, read_all
from pipeline.trust import open_to_others

MACHINERY = (__file__, "<frozen importlib", str(Path(importlib.__file__).parent))


def load_object(title: str, module: str, name: str) -> Any:
    """Import a module and return what it calls so; `title` names the wish in faults."""
    with _blaming(title):
        return getattr(importlib.import_module(module), name)


@contextmanager
def loaded_file(title: str, path: Path) -> Iterator[ModuleType]:
    """Run a file as a module with a name of its own, never from cached bytecode.

    The module stays in `sys.modules`, where msgspec looks up what its annotations mean, unless the
    block finds no use for it.
    """
    source = _source(title, path)
    module = ModuleType(f"{path.stem}_{token_hex(4)}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        with _blaming(title):
            code = compile(source, path, "exec", dont_inherit=True)
            exec(code, vars(module))  # noqa: S102 - the file is there to be run
        yield module
    except BaseException:
        del sys.modules[module.__name__]
        raise


def load_function(title: str, word: str, folder: Path) -> Callable[..., Any]:
    """Return the function that `file.py:name` or `package.module:name` means."""
    place, _, name = word.rpartition(":")
    if place.endswith(".py"):
        with loaded_file(title, folder / Path(place).expanduser()) as module, _blaming(title):
            found = getattr(module, name)
    else:
        found = load_object(title, place, name)
    if not callable(found):
        raise CodeNotFound(f"{title}: {name} of {place} is not a function")
    function: Callable[..., Any] = found
    return function


def _source(title: str, path: Path) -> bytes:
    try:
        with opened(path) as file:
            # Asked of the open file, so that nobody can put another in its place meanwhile.
            mode = os.fstat(file.fileno()).st_mode
            source = read_all(file)
    except OSError as error:
        raise CodeNotFound(f"{title}: cannot read {path}: {error.strerror}") from None
    if what := open_to_others(path, mode):
        raise CodeNotFound(
            f"{title}: others can change {what}, so it is not run: chmod go-w {what}"
        )
    return source


@contextmanager
def _blaming(title: str) -> Iterator[None]:
    """Show what went wrong in the user's code where it went wrong, without our own frames."""
    try:
        yield
    except (Exception, SystemExit) as error:
        cut = _users_frames(error.__traceback__)
        place = _place(error, cut)
        error.__traceback__ = cut
        raise CodeNotFound(f"{title}: {place}{type(error).__name__}: {error}") from error


def _users_frames(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(MACHINERY):
        trace = trace.tb_next
    return trace


def _place(error: BaseException, trace: TracebackType | None) -> str:
    """Return `file:line: ` of the innermost line in the file that the user named."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: "
    frames = extract_tb(trace)
    lines = [frame.lineno for frame in frames if frame.filename == frames[0].filename]
    return f"{frames[0].filename}:{lines[-1]}: " if frames else ""

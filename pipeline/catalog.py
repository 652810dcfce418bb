"""Finds the class of a stage by the word that a settings file has for it."""

import importlib
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from secrets import token_hex
from traceback import extract_tb
from types import ModuleType, TracebackType

from pipeline.errors import StageNotFound, did_you_mean
from pipeline.hooks import hook_stage
from pipeline.stage import AnyStage, Stage

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
MACHINERY = (__file__, "<frozen importlib", str(Path(importlib.__file__).parent))


class Catalog:
    """Where stages are found: built in, in installed packages, and in files."""

    def __init__(self, builtin: Mapping[str, type[AnyStage]], group: str = "ki2api.stages") -> None:
        self._builtin = builtin
        self._group = group

    def names(self) -> list[str]:
        """Return every short name: the built-in ones, then those of installed packages."""
        return [*self._builtin, *(name for name in self._offered() if name not in self._builtin)]

    def find(self, word: str, folder: Path) -> type[AnyStage]:
        """Return the stage that a short name, `package.module:Class` or `file.py` means."""
        if word.endswith(".py"):
            return _from_file(word, folder / Path(word).expanduser())
        if word in self._builtin:
            return self._builtin[word]
        if ":" in word:
            return _from_package(word, *word.split(":", 1))
        offered = self._offered()
        if word in offered:
            return _from_package(word, offered[word].module, offered[word].attr)
        names = self.names()
        hint = did_you_mean(word, names) or f"; there are {', '.join(names)}"
        raise StageNotFound(f'there is no stage "{word}"{hint}')

    def _offered(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self._group)}


def _from_package(word: str, module: str, name: str) -> type[AnyStage]:
    with _blaming(word):
        found = getattr(importlib.import_module(module), name)
    if isinstance(found, type) and issubclass(found, Stage):
        return found
    raise StageNotFound(f'stage "{word}": {name} of {module} is not a Stage class')


def _from_file(word: str, path: Path) -> type[AnyStage]:
    """Run a file as a module with a name of its own, never from cached bytecode.

    The module stays in `sys.modules`, where msgspec looks up what its annotations mean.
    """
    source = _source(word, path)
    module = ModuleType(f"{path.stem}_{token_hex(4)}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        with _blaming(word):
            code = compile(source, path, "exec", dont_inherit=True)
            exec(code, vars(module))  # noqa: S102 - a stage file is there to be run
        return _stage_of(word, module, path)
    except BaseException:
        del sys.modules[module.__name__]
        raise


def _stage_of(word: str, module: ModuleType, path: Path) -> type[AnyStage]:
    stages = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Stage)
        and value.__module__ == module.__name__
    ]
    if len(stages) > 1:
        names = ", ".join(stage.__name__ for stage in stages)
        raise StageNotFound(f'stage "{word}": {path} has more than one Stage class: {names}')
    return stages[0] if stages else hook_stage(module, path.stem)


def _source(word: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # Asked of the open file, so that nobody can put another in its place meanwhile.
            mode = os.fstat(file.fileno()).st_mode
            source = file.read()
    except OSError as error:
        raise StageNotFound(f'stage "{word}": cannot read {path}: {error.strerror}') from None
    if os.name == "posix" and mode & OTHERS_MAY_WRITE:
        raise StageNotFound(
            f'stage "{word}": others can change {path}, so it is not run: chmod go-w {path}'
        )
    return source


@contextmanager
def _blaming(word: str) -> Iterator[None]:
    """Show what went wrong in a stage's code where it went wrong, without our own frames."""
    try:
        yield
    except Exception as error:
        cut = _users_frames(error.__traceback__)
        place = _place(error, cut)
        error.__traceback__ = cut
        raise StageNotFound(f'stage "{word}": {place}{type(error).__name__}: {error}') from error


def _users_frames(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(MACHINERY):
        trace = trace.tb_next
    return trace


def _place(error: Exception, trace: TracebackType | None) -> str:
    """Return `file:line: ` of the innermost line in the file that the user named."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: "
    frames = extract_tb(trace)
    lines = [frame.lineno for frame in frames if frame.filename == frames[0].filename]
    return f"{frames[0].filename}:{lines[-1]}: " if frames else ""

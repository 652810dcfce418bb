"""Finds the class of a stage by the word that a settings file has for it."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from pipeline.code import load_object, loaded_file
from pipeline.errors import StageNotFound, did_you_mean
from pipeline.hooks import hook_stage
from pipeline.stage import AnyStage, Stage


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
    found = load_object(f'stage "{word}"', module, name)
    if isinstance(found, type) and issubclass(found, Stage):
        return found
    raise StageNotFound(f'stage "{word}": {name} of {module} is not a Stage class')


def _from_file(word: str, path: Path) -> type[AnyStage]:
    with loaded_file(f'stage "{word}"', path) as module:
        return _stage_of(word, module, path)


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

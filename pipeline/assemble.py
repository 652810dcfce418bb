"""From [[pipeline]] tables to a proved chain: its stages are found, decoded, built and proved."""

import re
from collections.abc import Mapping, Sequence
from inspect import Parameter, formatannotation, signature
from pathlib import Path
from typing import Any, Generic

import msgspec

from pipeline.arrange import Entry, arrange
from pipeline.catalog import Catalog
from pipeline.chain import Chain
from pipeline.errors import OrderError, PipelineError, SettingsError
from pipeline.locate import Source
from pipeline.observe import Observer
from pipeline.order import prove
from pipeline.settings import decode_table
from pipeline.stage import AnyStage, Endpoint, FlowT, config_type


class Assembly(msgspec.Struct, Generic[FlowT], frozen=True):
    """A chain that is proved to work, and what there is to warn about."""

    chain: Chain[FlowT]
    warnings: list[str]


class Builder(msgspec.Struct, frozen=True):
    """Builds stages from the entries of one settings text."""

    catalog: Catalog
    services: Mapping[Any, object]
    source: Source
    folder: Path

    def build(self, entry: Entry) -> AnyStage:
        """Return the stage of an entry, or raise SettingsError."""
        try:
            return self._build(entry)
        except SettingsError:
            raise
        except PipelineError as error:
            raise self._fault(entry, str(error)) from error.__cause__
        except Exception as error:
            text = f'stage "{entry.name}" cannot be built: {type(error).__name__}: {error}'
            raise self._fault(entry, text) from error

    def _build(self, entry: Entry) -> AnyStage:
        stage = self.catalog.find(entry.stage, self.folder)
        config = decode_table(
            entry.settings,
            config_type(stage),
            where=entry.where,
            text=self.source.text,
            source=self.source.name,
            title=entry.name,
            folder=self.folder,
        )
        return stage(config, **self._services(stage, entry.name))

    def _services(self, stage: type[AnyStage], name: str) -> dict[str, object]:
        """Return an argument for each parameter after `config` whose type is a service."""
        found = {}
        for parameter in list(signature(stage, eval_str=True).parameters.values())[1:]:
            if parameter.annotation in self.services:
                found[parameter.name] = self.services[parameter.annotation]
            elif parameter.default is Parameter.empty:
                kind = formatannotation(parameter.annotation)
                raise PipelineError(
                    f'stage "{name}" wants {parameter.name}: {kind}, and there is no such service'
                )
        return found

    def _fault(self, entry: Entry, text: str) -> SettingsError:
        place = self.source if entry.where else Source(name=self.source.name)
        return SettingsError([place.fault(f"{entry.where}.stage", text)])


def assemble(  # noqa: PLR0913 - the one place where all that makes a chain comes together
    tables: Sequence[Mapping[str, Any]],
    *,
    catalog: Catalog,
    endpoint: Endpoint[FlowT],
    flow_type: type[FlowT],
    services: Mapping[Any, object],
    defaults: Sequence[str],
    folder: Path,
    text: str = "",
    source: str = "",
    observers: Sequence[Observer] = (),
) -> Assembly[FlowT]:
    """Make a chain of [[pipeline]] tables, or raise SettingsError or OrderError with all faults.

    Tables without `after` and `before` are the whole chain. If any has one of them, or if there
    are no tables, they are put into the chain of the stages that `defaults` names.
    """
    builder = Builder(catalog, services, Source(text, source), folder)
    entries, faults = arrange(tables, defaults, builder.source)
    stages, causes = [], []
    for entry in entries:
        try:
            stages.append((entry.name, builder.build(entry)))
        except SettingsError as error:
            faults += error.faults
            causes.append(error.__cause__)
    if faults:
        raise SettingsError(faults) from next(filter(None, causes), None)
    try:
        warnings = prove(stages, endpoint, flow_type)
    except OrderError as error:
        faults = _left_out(entries, defaults) + _placed(str(error), entries, builder.source)
        raise OrderError("\n".join(faults)) from None
    return Assembly(Chain(stages, endpoint, observers), warnings)


def _placed(text: str, entries: Sequence[Entry], source: Source) -> list[str]:
    """Put file and line before each fault of order that speaks of a table's stage."""
    numbers = ((line, re.match(r"stage #(\d+) ", line)) for line in text.splitlines())
    wheres = ((line, entries[int(found[1]) - 1].where if found else "") for line, found in numbers)
    return [source.fault(where, line) if where else line for line, where in wheres]


def _left_out(entries: Sequence[Entry], defaults: Sequence[str]) -> list[str]:
    """Help those who wrote one table to change one stage, and got a chain of that stage alone."""
    stages = {entry.stage for entry in entries}
    names = [name for name in defaults if name not in stages]
    if not names:
        return []
    whole = "[[pipeline]] tables without after and before are the whole chain"
    return [f"{whole}; these leave out {', '.join(names)}: to change one stage, list them all"]

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
from pipeline.order import prove, suffice
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
    found: dict[str, type[AnyStage]] = msgspec.field(default_factory=dict)
    """The class of each entry that was asked for, since to find it may run a file."""

    def find(self, entry: Entry) -> type[AnyStage]:
        """Return the class of an entry's stage, or raise StageNotFound."""
        key = entry.where or entry.stage
        if key not in self.found:
            self.found[key] = self.catalog.find(entry.stage, self.folder)
        return self.found[key]

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
        stage = self.find(entry)
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

    Tables without `after` and `before` are the whole chain if together they fill all that is
    needed. Else they are put into the chain of the stages that `defaults` names: one that has
    `after` or `before` there, any other in place of the stage that it names.
    """
    builder = Builder(catalog, services, Source(text, source), folder)

    def is_whole(entries: Sequence[Entry]) -> bool:
        try:
            return suffice([builder.find(entry) for entry in entries], endpoint, flow_type)
        except PipelineError:  # what cannot be found is told when it is to be built
            return True

    arranged = arrange(tables, defaults, builder.source, is_whole)
    faults = arranged.faults
    stages, causes = [], []
    for entry in arranged.entries:
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
        placed = _placed(str(error), arranged.entries, builder.source)
        raise OrderError("\n".join(placed)) from None
    return Assembly(Chain(stages, endpoint, observers), [*arranged.warnings, *warnings])


def _placed(text: str, entries: Sequence[Entry], source: Source) -> list[str]:
    """Put file and line before each fault of order that speaks of a table's stage."""
    numbers = ((line, re.match(r"stage #(\d+) ", line)) for line in text.splitlines())
    wheres = ((line, entries[int(found[1]) - 1].where if found else "") for line, found in numbers)
    return [source.fault(where, line) if where else line for line, where in wheres]

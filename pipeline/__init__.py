"""A pipeline of stages around an endpoint, declared in TOML; README.md shows how to write a stage.

It knows nothing of what flows through it: the flow, its slots and the stages come from outside.
"""

from pipeline.assemble import Assembly, assemble
from pipeline.catalog import Catalog
from pipeline.chain import Chain
from pipeline.errors import (
    CodeNotFound,
    EmptySlot,
    OrderError,
    PipelineError,
    SettingsError,
    StageNotFound,
)
from pipeline.flow import Flow, Note, Slot
from pipeline.observe import Observer, Recorder, Recording, Span
from pipeline.secret import Secret
from pipeline.settings import decode, decode_table
from pipeline.stage import AnyStage, Endpoint, Next, Stage, StageConfig, config_type
from pipeline.stream import Batch, close

__all__ = [
    "AnyStage",
    "Assembly",
    "Batch",
    "Catalog",
    "Chain",
    "CodeNotFound",
    "EmptySlot",
    "Endpoint",
    "Flow",
    "Next",
    "Note",
    "Observer",
    "OrderError",
    "PipelineError",
    "Recorder",
    "Recording",
    "Secret",
    "SettingsError",
    "Slot",
    "Span",
    "Stage",
    "StageConfig",
    "StageNotFound",
    "assemble",
    "close",
    "config_type",
    "decode",
    "decode_table",
]

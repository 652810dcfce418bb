"""What can go wrong while a pipeline is built or used.

PipelineError
├─ SettingsError    a settings text does not say what its structs allow
├─ StageNotFound    a table names a stage that is not there, or whose file does not load
├─ OrderError       the stages stand in an order that cannot work
└─ EmptySlot        a slot was read before a stage had filled it
"""


class PipelineError(Exception):
    """Anything wrong with how a pipeline is declared or composed."""


class SettingsError(PipelineError):
    """One or more faults of a settings text, each a line that names place, cause and mend."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class StageNotFound(PipelineError):
    """A stage cannot be found or loaded."""


class OrderError(PipelineError):
    """The chain cannot work in this order."""


class EmptySlot(PipelineError, AttributeError):
    """A slot of the flow was read before it was filled."""

"""What can go wrong while a pipeline is built or used.

PipelineError
├─ SettingsError    a settings text does not say what its structs allow
├─ CodeNotFound     a setting names code that is not there, or that does not load
│  └─ StageNotFound the code is there, and is no stage; or no stage has this name
├─ OrderError       the stages stand in an order that cannot work
└─ EmptySlot        a slot was read before a stage had filled it
"""

from collections.abc import Iterable


class PipelineError(Exception):
    """Anything wrong with how a pipeline is declared or composed."""


class SettingsError(PipelineError):
    """One or more faults of a settings text, each a line that names place, cause and mend."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class CodeNotFound(PipelineError):
    """Code that a setting names cannot be found or loaded."""


class StageNotFound(CodeNotFound):
    """There is no such stage, or what the name means is no stage."""


class OrderError(PipelineError):
    """The chain cannot work in this order."""


class EmptySlot(PipelineError, AttributeError):
    """A slot of the flow was read before it was filled."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` - did you mean "..."?` for the known word that is nearest, or nothing.

    Near is also what alone begins so: `acount` means `account-select`.
    """
    from difflib import get_close_matches  # seldom needed, and not small

    names = list(known)
    near = get_close_matches(word, names, n=1)
    if not near:
        begins = [name.partition("-")[0] for name in names]
        found = get_close_matches(word, dict.fromkeys(begins), n=1, cutoff=0.75)
        near = [name for name, begin in zip(names, begins, strict=True) if begin in found]
    if len(near) != 1:
        return ""
    return f' - did you mean "{near[0]}"?'

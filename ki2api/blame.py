"""Says whose mistake an exception is: a stage file's of the user's own, or ours."""

from pathlib import Path
from sysconfig import get_paths
from traceback import extract_tb

import ki2api
import pipeline
from ki2api.errors import Bug, GatewayError, Overloaded

_OURS = tuple(
    str(folder)
    for folder in (
        *(Path(str(package.__file__)).parent for package in (ki2api, pipeline)),
        *(get_paths()[name] for name in ("stdlib", "purelib", "platlib")),
    )
)


def blamed(error: Exception, flow: str) -> GatewayError:
    """Return what the caller is told of a mistake; the log has its words under the flow's id."""
    if isinstance(error, MemoryError):
        return no_memory()
    place = _in_a_stage(error)
    who = f"The stage in {place} failed" if place else "Ki2API made a mistake"
    return Bug(f"{who}; the log has more under {flow}.")


def no_memory() -> Overloaded:
    """Say that memory is short: nobody's mistake, and others may give some back."""
    return Overloaded("Ki2API has too little memory for this request.", retry_after=5)


def _in_a_stage(error: Exception) -> str:
    """Return `file:line` of the innermost frame that is nobody's but the user's."""
    own = [
        frame for frame in extract_tb(error.__traceback__) if not frame.filename.startswith(_OURS)
    ]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""

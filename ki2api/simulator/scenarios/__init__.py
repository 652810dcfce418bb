"""What can go otherwise than well, by name: faults and odd replies on demand."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from ki2api.simulator.accounts import Fault
from ki2api.simulator.plan import Plan
from ki2api.simulator.refusals import refusal
from ki2api.simulator.scenarios import broken, called, framed, refused, said
from ki2api.simulator.scenarios.values import Values

__all__ = ["SCENARIOS", "play"]

_Scenario: TypeAlias = Callable[[Plan, Values], None]


def _scenarios_of(room: object) -> dict[str, _Scenario]:
    own = vars(room)
    return {
        name.replace("_", "-"): function
        for name, function in own.items()
        if getattr(function, "__module__", "") == own["__name__"] and not name.startswith("_")
    }


_TABLE: Mapping[str, _Scenario] = {
    name: scenario
    for room in (said, called, framed, refused, broken)
    for name, scenario in _scenarios_of(room).items()
}
SCENARIOS: Mapping[str, str] = MappingProxyType(
    {name: scenario.__doc__ or "" for name, scenario in _TABLE.items()}
)
"""Every scenario with one line that says what happens."""


def play(plan: Plan, fault: Fault) -> None:
    """Change a plan as a scenario says; an unknown name is refused, so that it shows."""
    scenario = _TABLE.get(fault.name)
    if scenario is None:
        raise refusal("improper", rule=f"no-scenario-{fault.name}")
    plan.scenario = fault.name
    scenario(plan, Values(fault.values))

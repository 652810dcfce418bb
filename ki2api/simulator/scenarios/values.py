"""The values that stand beside a scenario's name, as in `[[sim:cut at=100]]`."""

from collections.abc import Mapping

from ki2api.simulator.refusals import refusal


class Values:
    """Values by name; one that is no number refuses the request, so that a typing error shows."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def word(self, name: str, default: str = "") -> str:
        return self._given.get(name, default)

    def integer(self, name: str, default: int) -> int:
        return int(self.number(name, default))

    def number(self, name: str, default: float) -> float:
        try:
            return float(self._given.get(name, default))
        except ValueError as error:
            raise refusal("improper", rule=f"scenario-value-{name}") from error

    def has(self, name: str) -> bool:
        return name in self._given

    def others(self, *names: str) -> dict[str, str]:
        """Give every value but those of these names."""
        return {name: value for name, value in self._given.items() if name not in names}

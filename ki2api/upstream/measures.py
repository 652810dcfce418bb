"""The measure of each model: used by the endpoint before a request, and learnt from its reply."""

from ki2api.errors import ContextTooLong
from ki2api.estimate import Estimate, family_of
from ki2api.estimate.calibration import Calibration
from ki2api.flow import GatewayFlow
from ki2api.kiro.compose import Composed
from ki2api.kiro.interpret import Interpreter
from ki2api.kiro.overflow import add_figures, check_fits
from ki2api.kiro.usage import Scale
from ki2api.models import Model


class Measures:
    """What a flow's request will come to at Kiro, by all that was learnt so far."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration

    def expected(self, flow: GatewayFlow) -> int:
        """Return the input tokens that Kiro will count."""
        return round(self._calibration.of(flow.target.model.id).at(flow.estimate().tokens))

    def interpreter(self, model: Model, estimate: Estimate, composed: Composed) -> Interpreter:
        """Return what reads the reply, and knows how the model counts."""
        line = self._calibration.of(model.id)
        expected = round(line.at(estimate.tokens))
        scale = Scale(family_of(model.id), line.factor)
        return Interpreter(composed.names, model.window, expected, composed.hearing, scale)

    def check(self, flow: GatewayFlow) -> None:
        """Refuse what surely does not fit by its words alone; raises ContextTooLong."""
        model = flow.target.model
        line = self._calibration.of(model.id)
        check_fits(round(line.at(flow.estimate().written)), model.window, line.reports)

    def explain(self, refusal: ContextTooLong, flow: GatewayFlow) -> None:
        """Let a refusal name the figures, where they agree with it."""
        add_figures(refusal, self.expected(flow), flow.target.model.window)

    def learn(self, interpreter: Interpreter, model: Model, estimate: Estimate) -> None:
        """Learn from the usage of a reply, if it has ended."""
        if interpreter.usage is not None:
            self._calibration.learn(model.id, model.window, estimate, interpreter.usage)

"""A Kiro that runs here, over real sockets, as strict as the real service.

It checks by tables of its own and knows nothing of how the gateway composes or interprets, so that
one mistake is not made twice.
"""

from ki2api.simulator.accounts import Fault, SimAccount
from ki2api.simulator.answer import Answer, Call, Script
from ki2api.simulator.disturbance import CONTROL_SCENARIOS
from ki2api.simulator.options import Ports, SimulatorOptions, Urls
from ki2api.simulator.question import Question
from ki2api.simulator.records import RecordedRequest, RefusedRequest
from ki2api.simulator.scenarios import SCENARIOS
from ki2api.simulator.simulator import Simulator
from ki2api.simulator.tokens import REFRESH_SCENARIOS

__all__ = [
    "CONTROL_SCENARIOS",
    "REFRESH_SCENARIOS",
    "SCENARIOS",
    "Answer",
    "Call",
    "Fault",
    "Ports",
    "Question",
    "RecordedRequest",
    "RefusedRequest",
    "Script",
    "SimAccount",
    "Simulator",
    "SimulatorOptions",
    "Urls",
]

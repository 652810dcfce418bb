from typing import Any

import pytest

from ki2api.conversation import Conversation, TextPart, Turn
from ki2api.errors import UnknownModel
from ki2api.estimate import Estimate, conversation_tokens
from ki2api.estimate.calibration import Calibration
from ki2api.events import Usage
from ki2api.models import Catalogue
from ki2api.web.gateway import Gateway

WORDS = "What a client counts before it asks. " * 200


def gateway(calibration: Calibration) -> Gateway:
    parts: Any = dict.fromkeys(("chain", "pool", "keys", "neighbourhood", "limits"))
    return Gateway(**parts, models=Catalogue(), calibration=calibration)


def asked(model: str) -> Conversation:
    return Conversation(model, (Turn("user", (TextPart(WORDS),)),))


def test_a_count_is_in_the_measure_of_the_model_without_kiros_own_prompt() -> None:
    calibration = Calibration()
    before = gateway(calibration).count(asked("claude-opus-4-5"))
    assert before == conversation_tokens(asked("claude-opus-4.5"))
    for _ in range(20):
        reported = Usage(0, 0, "derived", context_percent=52.05)
        calibration.learn("claude-opus-4.5", 200_000, Estimate(80_000), reported)
    assert gateway(calibration).count(asked("claude-opus-4-5")) == pytest.approx(
        1.25 * before, rel=0.05
    )
    assert gateway(calibration).count(asked("claude-opus-5")) > before


def test_a_count_for_what_is_no_name_is_refused() -> None:
    with pytest.raises(UnknownModel):
        gateway(Calibration()).count(asked("no such model"))

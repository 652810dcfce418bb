"""Requests that other gateways were refused: ours read them, mend them, and Kiro takes them."""

from typing import Any

import msgspec
import pytest

from ki2api.errors import GatewayError
from ki2api.kiro.compose import Composed, Learnt, compose, ids_of
from ki2api.kiro.rules.register import RULES
from ki2api.models import Catalogue
from ki2api.protocols import RawRequest
from ki2api.protocols.registry import DIALECTS
from ki2api.simulator.rules import violations


def composed(reported: Any) -> Composed:
    request = RawRequest("id", "", {}, reported.body, 0.0)
    conversation, _ = DIALECTS[reported.protocol].decode(request)
    target, ids = Catalogue().find(conversation.model), ids_of(conversation)
    learnt = Learnt(replays=lambda _: not reported.taught)
    return compose(conversation, target, ids, learnt=learnt)


def test_what_was_refused_elsewhere_is_taken_or_refused_by_its_rule(reported: Any) -> None:
    if reported.refused:
        with pytest.raises(GatewayError) as caught:
            composed(reported)
        assert caught.value.rule == reported.refused
        return
    done = composed(reported)
    assert set(reported.repairs) <= {repair.rule for repair in done.repairs}
    assert violations(msgspec.json.decode(done.body)) == []


def test_the_file_says_where_it_was_reported(reported: Any) -> None:
    assert reported.reported
    assert {*reported.repairs, reported.refused or "H1"} <= {rule.id for rule in RULES}

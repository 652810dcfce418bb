"""An error has one status, in whatever dialect it is told; two that Anthropic's SDK knows differ."""

from http import HTTPStatus

import pytest

from ki2api import errors
from ki2api.errors import GatewayError
from ki2api.protocols.anthropic.errors import TABLE as ANTHROPIC
from ki2api.protocols.openai_errors import TABLE as OPENAI

ITS_OWN = {
    errors.ThreadNotFound: (400, 404),
    errors.ModelOverloaded: (503, 529),
    errors.Overloaded: (503, 529),
}


@pytest.mark.parametrize("kind", OPENAI, ids=[kind.__name__ for kind in OPENAI])
def test_a_status_is_the_same_in_each_dialect(kind: type[GatewayError]) -> None:
    told = OPENAI[kind][0], ANTHROPIC[kind][0]
    assert told == ITS_OWN.get(kind, (told[0], told[0]))
    assert HTTPStatus(told[0]) >= HTTPStatus.BAD_REQUEST

"""What real clients sent, word for word but for long texts, is taken by the gateway and by Kiro.

The requests were recorded by `.ci/run clients` with KI2API_RECORD=1.
"""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

RECORDED = sorted((Path(__file__).parents[1] / "fixtures" / "clients").glob("*/*.json"))
CUT = re.compile(r"\[\[cut: (\d+) characters\]\]$")
ENDS = {
    "/v1/messages": b"event: message_stop",
    "/v1/chat/completions": b"data: [DONE]",
    "/v1/responses": b"event: response.completed",
}


def whole(value: Any) -> Any:
    """Make texts as long again as they were."""
    match value:
        case dict():
            return {name: whole(inner) for name, inner in value.items()}
        case list():
            return [whole(inner) for inner in value]
        case str() if cut := CUT.search(value):
            return value[: cut.start()] + ("and so on " * (int(cut[1]) // 10 + 1))[: int(cut[1])]
    return value


def test_at_least_eight_clients_are_there() -> None:
    assert len({path.parent.name.partition("-")[0] for path in RECORDED}) >= 8


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_it_is_answered_to_the_end(house: Any, path: Path) -> None:
    gateway, simulator = house
    recorded = msgspec.json.decode(path.read_bytes())
    body = whole(recorded["body"])
    before = len(simulator.refused)

    with gateway.http() as http:
        answer = http.post(recorded["path"], json=body, headers=recorded["headers"])

    assert answer.status_code == 200, answer.text
    assert not simulator.refused[before:]
    if body.get("stream"):
        assert ENDS[recorded["path"]] in answer.content
    else:
        assert answer.json()["usage"]

"""Fields that mean nothing are named, with what may have been meant."""

from pathlib import Path

import msgspec
import pytest

from ki2api.protocols import ClientProtocol
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.protocols.openai_responses import OPENAI_RESPONSES
from ki2api.protocols.unknown import unknown_fields

RECORDED = Path(__file__).parents[2] / "fixtures" / "clients"
PATHS = {"messages": ANTHROPIC, "completions": OPENAI_CHAT, "responses": OPENAI_RESPONSES}


@pytest.mark.parametrize("dialect", PATHS.values(), ids=list(PATHS))
def test_a_misspelt_field_is_told_with_the_right_one(dialect: ClientProtocol) -> None:
    body = b'{"model": "m", "temprature": 1, "zzz": {"stream": []}, "to\\nols": 1}'
    assert list(unknown_fields(body, dialect.fields)) == [
        "the field 'temprature' means nothing here - did you mean \"temperature\"?",
        "the field 'zzz' means nothing here",
        "the field 'to\\nols' means nothing here - did you mean \"tools\"?",
    ]


def test_a_very_long_name_is_cut() -> None:
    (told,) = unknown_fields(msgspec.json.encode({"x" * 5000: 1}), ["model"])
    assert len(told) < 200


def test_no_client_that_we_recorded_misspells_one() -> None:
    told: list[str] = []
    for path in sorted(RECORDED.rglob("*.json")):
        sent = msgspec.json.decode(path.read_bytes())
        dialect = PATHS[sent["path"].rpartition("/")[2]]
        told += unknown_fields(msgspec.json.encode(sent["body"]), dialect.fields)
    assert told == []

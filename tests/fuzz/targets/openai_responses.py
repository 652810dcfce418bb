"""Requests in this dialect: any body is refused as the caller's fault, or is one that Kiro takes."""

from functools import partial

from ki2api.protocols.openai_responses import OPENAI_RESPONSES
from tests.fuzz.dialect import read
from tests.fuzz.mutation import mutate_json

WORDS = ("ki2api/protocols/openai_responses", "ki2api/protocols/files.py")
check = partial(read, OPENAI_RESPONSES)
mutate = mutate_json

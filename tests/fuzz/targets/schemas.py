"""JSON Schemas of callers, and the values of models: a sentence about either, and no hang.

An input is an object with a `schema` and a `value`.
"""

import msgspec

from ki2api.emulation.schema import Schema, SchemaFault
from tests.fuzz.mutation import mutate_json

WORDS = ("ki2api/emulation/schema.py", "ki2api/emulation/schema_rules.py")
mutate = mutate_json


class Case(msgspec.Struct):
    """What is asked of a value."""

    schema: msgspec.Raw
    value: object = None


def check(data: bytes) -> None:
    """Read a schema and look at a value by it."""
    try:
        data.decode()  # as every body is checked before it is read
        case = msgspec.json.decode(data, type=Case)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    fault = fault_of(case)
    assert fault is None or fault.startswith("$")


def fault_of(case: Case) -> str | None:
    """Say what is wrong with the schema, or else with the value."""
    try:
        return Schema(case.schema).fault(case.value)
    except SchemaFault as error:
        return str(error)

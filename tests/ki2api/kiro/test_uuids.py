"""UUIDs are written as Python writes them."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ki2api.kiro.uuids import uuid_of


@given(st.integers(0, 2**128 - 1))
def test_it_is_what_python_makes_of_the_number(number: int) -> None:
    assert uuid_of(number) == str(UUID(int=number, version=4))

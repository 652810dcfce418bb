from msgspec import Struct

from ki2api.accounts.rotation import round_robin


class Place(Struct, frozen=True):
    position: int


def test_the_first_at_or_after_the_turn_is_next() -> None:
    places = [Place(0), Place(2), Place(5)]

    assert [round_robin(places, turn).position for turn in range(7)] == [0, 2, 2, 5, 5, 5, 0]


def test_the_order_of_the_candidates_does_not_matter() -> None:
    assert round_robin([Place(5), Place(1), Place(3)], 2) == Place(3)

"""Replies that are kept."""

import pytest

from ki2api.shelf import Drawer, Gone, Kept, Shelf


def kept(name: str, *, body: bytes = b"{}", previous: str | None = None) -> Kept:
    asked, answered = {f"q_{name}": b'"q"'}, {f"a_{name}": b'"a"'}
    return Kept(name, body, asked, answered, previous)


def drawer(shelf: Shelf, *names: str) -> Drawer:
    mine = shelf.of("me")
    for name in names:
        mine.keep(kept(name))
    return mine


def test_a_reply_and_its_items_are_found_again() -> None:
    mine = drawer(Shelf(), "one")
    assert mine.find("one") == kept("one")
    assert (mine.item("q_one"), mine.item("a_one")) == (b'"q"', b'"a"')
    assert mine.item("a_two") is None


def test_nobody_sees_what_another_key_kept() -> None:
    shelf = Shelf()
    drawer(shelf, "one")
    other = shelf.of("somebody")
    with pytest.raises(Gone, match="one"):
        other.find("one")
    with pytest.raises(Gone):
        other.drop("one")
    assert other.item("q_one") is None
    assert len(shelf) == 1


def test_what_is_dropped_is_gone_with_its_items() -> None:
    shelf = Shelf()
    mine = drawer(shelf, "one", "two")
    mine.drop("one")
    with pytest.raises(Gone):
        mine.find("one")
    assert mine.item("q_one") is None
    assert mine.item("q_two") == b'"q"'
    assert len(shelf) == 1


def test_an_item_of_two_replies_is_found_while_the_later_one_is_kept() -> None:
    shelf = Shelf()
    mine = shelf.of("me")
    for name in ("one", "two"):
        mine.keep(Kept(name, b"{}", {"shared": b'"it"'}))
    mine.drop("one")
    assert mine.item("shared") == b'"it"'


def test_what_was_not_used_for_the_longest_makes_room_by_number() -> None:
    mine = drawer(Shelf(most=2), "one", "two")
    mine.find("one")
    mine.keep(kept("three"))
    assert mine.find("one") == kept("one")
    with pytest.raises(Gone):
        mine.find("two")


def test_room_is_made_by_size_too() -> None:
    shelf = Shelf(most_bytes=3 * kept("x").size)
    drawer(shelf, "one", "two", "three")
    assert len(shelf) == 3
    mine = shelf.of("me")
    mine.keep(kept("four", body=b"{}" + b" " * kept("x").size))
    assert len(shelf) == 2
    with pytest.raises(Gone):
        mine.find("two")


def test_what_is_too_large_for_all_the_room_is_not_kept_and_costs_nothing() -> None:
    shelf = Shelf(most_bytes=100)
    mine = drawer(shelf, "one")
    mine.keep(kept("large", body=b" " * 101))
    assert len(shelf) == 1
    assert mine.find("one") == kept("one")


def test_a_reply_that_is_kept_again_counts_once() -> None:
    shelf = Shelf(most_bytes=2 * kept("x").size)
    mine = drawer(shelf, "one", "one", "one")
    mine.keep(kept("two"))
    assert len(shelf) == 2


def test_a_line_of_replies_is_found_from_its_end_and_kept_together() -> None:
    mine = Shelf(most=3).of("me")
    mine.keep(kept("one"))
    mine.keep(kept("two", previous="one"))
    mine.keep(kept("apart"))
    assert [each.id for each in mine.before("two")] == ["one", "two"]
    mine.keep(kept("three", previous="two"))
    assert [each.id for each in mine.before("three")] == ["one", "two", "three"]
    mine.drop("one")
    with pytest.raises(Gone, match="one"):
        mine.before("three")

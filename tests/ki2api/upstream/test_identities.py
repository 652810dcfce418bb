"""The ids that conversations have upstream."""

from ki2api.conversation import Conversation, TextPart, Turn
from ki2api.upstream import identities
from ki2api.upstream.identities import Identities


def about(words: str) -> Conversation:
    return Conversation("claude-sonnet-4.5", (Turn("user", (TextPart(words),)),))


def test_ids_are_stable_until_they_are_burnt() -> None:
    ids = Identities()
    first = ids.of(about("cats"))
    assert ids.of(about("cats")) == first
    assert ids.of(about("dogs")) != first
    ids.burn(about("cats"))
    second = ids.of(about("cats"))
    assert second.conversation != first.conversation
    assert second.continuation != first.continuation
    assert ids.of(about("cats")) == second
    ids.burn(about("cats"))
    assert ids.of(about("cats")) not in (first, second)


def test_only_so_many_burnt_ones_are_remembered() -> None:
    ids = Identities()
    for number in range(identities.REMEMBERED + 5):
        ids.burn(about(str(number)))
    assert len(ids._salts) == identities.REMEMBERED

"""Rules about the order of turns: H1 to H6 and H18, and where the system text stands (§3.3).

H3, a history that ends with the assistant, needs no rule of its own: turns alternate after H4,
and the last one is the user's after H1.
"""

from ki2api.errors import ContextTooLong, InvalidRequest
from ki2api.kiro.rules.draft import Draft, Said

# Whole sentences in brackets: a model soon repeats a short placeholder (docs/kiro.md §8.4).
GO_ON = "(Please go on from where the previous message stops.)"
NO_BEGINNING = "(The conversation begins with the next message.)"
NO_WORDS = "(This message has no words.)"
ONLY_IMAGES = "(This message has only images.)"
ONLY_DOCUMENTS = "(This message has only attachments.)"
UNDERSTOOD = "I will follow these instructions."


def h4_merge_neighbours(draft: Draft) -> None:
    """Join neighbouring turns of one role into one."""
    merged: list[Said] = []
    for said in draft.turns:
        if not merged or merged[-1].role != said.role:
            merged.append(said)
            continue
        last = merged[-1]
        last.texts += said.texts
        last.images += said.images
        last.documents += said.documents
        last.calls += said.calls
        last.results += said.results
        last.thoughts += said.thoughts
        if said.at != last.at:
            draft.repair("H4", said.at, f"joined to the {said.role} turn before")
    draft.turns = merged


def h1_h2_user_at_both_ends(draft: Draft) -> None:
    """Let the user begin and end the conversation."""
    if not draft.turns:
        raise InvalidRequest("There is no message to answer.", path="messages", rule="H1")
    first, last = draft.turns[0], draft.turns[-1]
    if first.role == "assistant":
        draft.turns.insert(0, Said("user", first.at, [NO_BEGINNING]))
        draft.repair("H2", first.at, "a user turn was put before the assistant's")
    if last.role == "assistant":
        draft.turns.append(Said("user", last.at, [GO_ON]))
        draft.repair("H1", last.at, "a user turn was put after the assistant's")


def h5_h6_no_empty_turn(draft: Draft) -> None:
    """Fill turns that say nothing; those with tool results or calls may stay empty (U8)."""
    for said in draft.turns:
        if not (said.texts or said.results or said.calls):
            said.texts = [_filler(said)]
            draft.repair("H5" if said.role == "user" else "H6", said.at, "had no words")


def _filler(said: Said) -> str:
    if said.documents:
        return ONLY_DOCUMENTS
    return ONLY_IMAGES if said.images else NO_WORDS


def h18_not_too_many_turns(draft: Draft) -> None:
    """Refuse a history that is too long to be trimmed without loss."""
    history, limit = len(draft.turns) - 1, draft.limits.max_history
    if history > limit:
        detail = f"prompt is too long: {history} messages > {limit} maximum"
        raise ContextTooLong(detail, rule="H18")


def system_text_first(draft: Draft) -> None:
    """Put the system text before the oldest user turn, or in a pair of turns of its own."""
    system = "\n\n".join(draft.system)
    if not system:
        return
    if draft.limits.system_prompt == "first-turn":
        draft.turns[0].texts.insert(0, system)
    else:
        draft.turns[:0] = [Said("user", "system", [system]), Said("assistant", "", [UNDERSTOOD])]

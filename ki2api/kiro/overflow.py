"""Whether a conversation fits into a model, as far as that can be told without Kiro."""

from ki2api.errors import ContextTooLong

_SURELY, _UNLESS_THE_WINDOW_IS_WRONG = 1.25, 2.0
"""How far over the window an estimate must be: it is seldom a tenth off (docs/usage.md), but the
window of a model may be listed wrongly until Kiro's own figures have agreed with it."""
_CONFIRMED = 3
"""Reports of Kiro on a model that make its window certain."""


def check_fits(tokens: int, window: int, reports: int) -> None:
    """Refuse what surely does not fit; all else is for Kiro to decide. Raises ContextTooLong."""
    margin = _SURELY if reports >= _CONFIRMED else _UNLESS_THE_WINDOW_IS_WRONG
    if tokens > window * margin:
        raise too_long(tokens, window)


def too_long(tokens: int, most: int) -> ContextTooLong:
    """Make the refusal that names both figures; clients compact their conversation by them."""
    detail = f"The conversation has {tokens} tokens, and {most} are possible."
    refusal = ContextTooLong(detail, rule="§3.8")
    refusal.tokens, refusal.most = tokens, most
    return refusal


def add_figures(refusal: ContextTooLong, tokens: int, window: int) -> None:
    """Let Kiro's refusal name both figures, where our estimate agrees with it."""
    if refusal.tokens is None and tokens > window:
        refusal.tokens, refusal.most = tokens, window

"""Whose turn it is: the account that serves a request next, and the one a session stays on."""

from collections.abc import Callable, Collection, Mapping

from ki2api.accounts.affinity import Affinity
from ki2api.accounts.knowledge import Knowledge
from ki2api.accounts.lease import Wish
from ki2api.accounts.member import Member
from ki2api.accounts.shortage import shortage
from ki2api.accounts.strategies import Candidate

_STEERED = 60.0  # a session waits no longer than that for its account to come back


class Turns:
    """Chooses among accounts by what they can serve, by sessions, and by the wish's strategy.

    `is_renewing` tells whether a refresh of a member is under way.
    """

    def __init__(self, knowledge: Knowledge, is_renewing: Callable[[Member], bool]) -> None:
        self._knowledge = knowledge
        self._is_renewing = is_renewing
        self._affinity = Affinity()
        self._round = 0.0

    def next(
        self, members: Mapping[str, Member], wish: Wish, passed: Collection[str], now: float
    ) -> Member:
        """Return the account whose turn it is; raises NoAccountLeft, or what all suffer."""
        member, due = self.look(members, wish, passed, now)
        if due is not None:
            self._round = due
            member.due = due + 1 / member.credential.weight
        return member

    def look(
        self, members: Mapping[str, Member], wish: Wish, passed: Collection[str], now: float
    ) -> tuple[Member, float | None]:
        """Return whose turn it is and in which round, if by turns; raises as `next` does."""
        fitting, able = [], []
        for each in members.values():
            if self._knowledge.may_have(each, wish.model):
                fitting.append(each)
                if _is_able(each, wish.model, passed):
                    able.append(each)
        if not fitting:  # none lists it, but Kiro may have news
            fitting = list(members.values())
            able = [each for each in fitting if _is_able(each, wish.model, passed)]
        if not able:
            raise shortage(members.values(), fitting, wish.model, passed, now)
        if wish.comes_back:
            bound = members.get(self._affinity.account_of(wish.session, now) or "")
            if bound in able and bound.name not in wish.last:
                return bound, None
        chosen = self._chosen(able, wish, now)
        return members[chosen.name], chosen.due

    def bind(self, members: Mapping[str, Member], wish: Wish, member: Member, now: float) -> None:
        """Let the wish's session stay on the account that serves it."""
        if not wish.session:
            return
        if wish.comes_back:
            bound = members.get(self._affinity.account_of(wish.session, now) or "")
            if self._is_steered(wish, bound, member, now):
                return
        self._affinity.bind(wish.session, member.name, now + wish.sticky)

    def _chosen(self, able: list[Member], wish: Wish, now: float) -> Candidate:
        if wish.last:
            able = [each for each in able if each.name not in wish.last] or able
        preferred: list[Candidate] = []
        others: list[Candidate] = []
        for each in able:
            candidate = each.candidate(self._round, self._knowledge.usage(each))
            (others if self._is_shunned(each, wish, now) else preferred).append(candidate)
        return wish.choose(preferred or others, now)

    def _is_shunned(self, member: Member, wish: Wish, now: float) -> bool:
        """Tell whether others wait for this member's token, or whether it may fail again.

        An account that failed last is tried by one request at a time, and by none that repeats.
        """
        if member.streaks and (wish.never or wish.last or member.in_flight > 0):
            return True
        return not member.has_token(now) and self._is_renewing(member)

    def _is_steered(self, wish: Wish, bound: Member | None, served: Member, now: float) -> bool:
        """Tell whether the session goes elsewhere this once, as its own account is back soon."""
        if bound is None or bound is served:
            return False
        if not self._knowledge.may_have(bound, wish.model):
            return False
        standing = bound.standing_for(wish.model)
        pauses = standing.until is not None and standing.until - now < _STEERED
        return standing.state == "ready" or (standing.state == "cooling" and pauses)


def _is_able(member: Member, model: str, passed: Collection[str]) -> bool:
    return member.can_serve(model) and member.has_room() and member.name not in passed

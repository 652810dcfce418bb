"""Which earlier thoughts are shown to the model again (§3.6).

Kiro checks signatures and refuses those of another model, so only signed thoughts go back, and
opaque ones in the tool round that is running. A message holds one: the last, next to its calls.
"""

from ki2api.conversation import ThinkingPart
from ki2api.kiro.rules.draft import Draft, Said
from ki2api.kiro.rules.text import h19_clean

RULE = "§3.6"


def read_thoughts(draft: Draft, said: Said, part: ThinkingPart) -> None:
    """Put thoughts in their turn, if they can be proved to be the model's."""
    proof = part.redacted or part.signature
    if said.role == "user" or not proof:
        draft.repair(RULE, part.at, "earlier thinking without a signature was left out")
    elif h19_clean(part.text + proof) != part.text + proof:
        draft.repair(RULE, part.at, "earlier thinking that no model has written was left out")
    elif not draft.learnt.replays(proof):
        draft.repair(RULE, part.at, "earlier thinking that is not this model's was left out")
    else:
        said.thoughts.append(part)


def only_one_thought_a_turn(draft: Draft) -> None:
    """Keep the last thoughts of each turn, opaque ones only in the running tool round."""
    if not draft.has("thoughts"):
        return
    running = _running_round(draft.turns)
    for at, said in enumerate(draft.turns):
        kept = [part for part in said.thoughts if at >= running or not part.redacted][-1:]
        for part in said.thoughts:
            if part not in kept:
                draft.repair(RULE, part.at, "earlier thinking had no place and was left out")
        said.thoughts = kept


def _running_round(turns: list[Said]) -> int:
    """Return where the turns begin that follow the last words of the user's own."""
    asked = [at for at, said in enumerate(turns) if said.role == "user" and not said.results]
    return asked[-1] if asked else 0

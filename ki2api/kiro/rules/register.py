"""Every rule of Kiro's that is known, and what becomes of a breach; docs/rules.md shows this table.

The facts and their sources stand in docs/kiro.md under the same ids.
"""

from typing import Literal, NamedTuple, TypeAlias

Deed: TypeAlias = Literal["repaired", "refused", "never broken", "left to Kiro", "watched"]


class Rule(NamedTuple):
    """One rule: what is checked, what becomes of a breach, and the file of `ki2api/` that does it.

    What is never broken is so by construction; what is watched is only measured.
    """

    id: str
    about: str
    deeds: tuple[Deed, ...]
    where: str


_TURNS, _PAIRS, _READING = "kiro/rules/turns.py", "kiro/rules/pairs.py", "kiro/rules/reading.py"
_TOOLS, _NAMES, _SCHEMA = "kiro/rules/tools.py", "kiro/names.py", "kiro/rules/schema.py"
_FIXED: tuple[Deed, ...] = ("repaired",)
_NO: tuple[Deed, ...] = ("refused",)
_ALWAYS: tuple[Deed, ...] = ("never broken",)

RULES: tuple[Rule, ...] = (
    Rule("H1", "the last turn is the user's, and there is one", ("repaired", "refused"), _TURNS),
    Rule("H2", "the first turn is the user's", _FIXED, _TURNS),
    Rule("H3", "the turn before the last is the assistant's", _ALWAYS, _TURNS),
    Rule("H4", "the roles alternate", _FIXED, _TURNS),
    Rule("H5", "a turn of the user has words or tool results", _FIXED, _TURNS),
    Rule("H6", "a turn of the assistant has words or tool calls", _FIXED, _TURNS),
    Rule("H7", "each tool call has its result in the next turn", _FIXED, _PAIRS),
    Rule("H8", "each tool result answers a call of the turn before", _FIXED, _PAIRS),
    Rule("H9", "the first turn has no tool results", _FIXED, _PAIRS),
    Rule("H10", "ids of calls and results are unique, of at most 64 characters", _FIXED, _PAIRS),
    Rule("H11", "results stand in the order of their calls", _FIXED, _PAIRS),
    Rule("H12", "a tool that was called is declared", _FIXED, _TOOLS),
    Rule("H13", "with calls or results the list of tools is not empty", _ALWAYS, _TOOLS),
    Rule("H14", "empty lists are left out", _ALWAYS, "kiro/wire.py"),
    Rule(
        "H15", "the input of a call is an object without empty keys", _FIXED, "kiro/rules/text.py"
    ),
    Rule("H16", "a tool result has words", _FIXED, _READING),
    Rule(
        "H17",
        "images: base64, format, 10 MiB, 8,000 pixels, 10 of them, a model that reads them",
        ("repaired", "refused"),
        "kiro/rules/images.py",
    ),
    Rule("H18", "at most 10,000 turns before the last", _NO, _TURNS),
    Rule("H19", "text is well-formed Unicode without NUL", _FIXED, "kiro/rules/text.py"),
    Rule("H20", "the trigger is `MANUAL`", _ALWAYS, "kiro/compose.py"),
    Rule("H21", "the plan offers the model", ("left to Kiro",), "models.py"),
    Rule("T1", "a tool's name has at most 64 characters", _FIXED, _NAMES),
    Rule("T2", "a tool's name has letters, digits, `_` and `-`", _FIXED, _NAMES),
    Rule("T3", "tools' names differ, not by case alone", _FIXED, _NAMES),
    Rule("T4", "a tool has a description", _FIXED, _TOOLS),
    Rule("T5", "a tool's description has at most 10,000 characters", _FIXED, _TOOLS),
    Rule("T6", "a schema is a JSON object of type `object`", ("repaired", "refused"), _SCHEMA),
    Rule("T7", "no alternatives at the root of a schema", _FIXED, _SCHEMA),
    Rule("T8", "`properties` and `required` have their types", _FIXED, _SCHEMA),
    Rule("T9", "no `additionalProperties`", _FIXED, _SCHEMA),
    Rule("T10", "no other keywords; 32 levels, 20,000 nodes", ("repaired", "refused"), _SCHEMA),
    Rule("T11", "`type` is one word", _FIXED, _SCHEMA),
    Rule("T12", "`integer` is taken", _ALWAYS, _TOOLS),
    Rule("T13", "no cache points among the tools", _ALWAYS, _TOOLS),
    Rule("T14", "at most 256 tools, lighter than the whole may be (§3.8)", _NO, _TOOLS),
    Rule("T15", "names of Kiro's own tools are kept free", _FIXED, _NAMES),
    Rule(
        "§3.6",
        "earlier thoughts carry a proof, one a turn; thinking and effort suit the model",
        _FIXED,
        "kiro/rules/reasoning.py",
    ),
    Rule(
        "§3.7",
        "documents and links: base64, format, name, 4.5 MB, 5 of them, a model that reads them; a"
        " picture by its address is refused (docs/content.md)",
        ("repaired", "refused"),
        "kiro/rules/documents.py",
    ),
    Rule(
        "§3.8",
        "weight: 1.3 million, up to 3.38 million in large windows; 600,000 characters a message and"
        " 800,000 a tool result are only watched",
        ("refused", "watched"),
        "kiro/limits.py",
    ),
)

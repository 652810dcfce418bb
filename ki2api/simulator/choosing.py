"""Which of the caller's tools a prompt asks for."""

import re

from ki2api.simulator.answer import Call
from ki2api.simulator.arguments import arguments_for, places_in, takes_a_place
from ki2api.simulator.question import Tool

_WORD = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}|[\u4e00-\u9fff]{2}")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_BOTH = re.compile(r"\bboth\b|\band\b|两|都|和", re.IGNORECASE)
_ASKS = re.compile("[?\uff1f]")
_OFTEN = """
the and for you your please can use get set with from this that what which when where how are was
will would could should has have not all any its into about tell give show make current given
returns return call called tool tools function user users value values name
"""
_EMPTY_WORDS = frozenset(_OFTEN.split())
_STEM = 5
_GIST = 200
"""Letters of a description that say what the tool is for; what follows is advice to the model."""
_FEW = 3
_NAMED = 3
_SEARCH = "client_web_search"
"""The gateway's own offer of a search, which a caller has not chosen among a few tools."""


def chosen_calls(prompt: str, tools: tuple[Tool, ...]) -> tuple[Call, ...]:
    """Choose the tools whose names and descriptions share words with the prompt: at most two.

    A question that matches none of a few tools calls the first, for it may be in a language that
    the tools are not described in; the web is searched only where the words say so.
    """
    ranked = sorted(tools, key=lambda tool: -_score(prompt, tool))
    matching = [tool for tool in ranked if _score(prompt, tool)]
    own = [tool for tool in tools if tool.name != _SEARCH]
    if not matching and len(own) <= _FEW and _ASKS.search(prompt):
        matching = own[:1]
    wanted = 2 if _BOTH.search(prompt) else 1
    named = [tool for tool in matching if _score(prompt, tool) >= _NAMED] or matching[:1]
    if len(named) == 1 and wanted > 1 and takes_a_place(named[0].schema):
        places = places_in(prompt)[:wanted] or [""]
        return tuple(_call(named[0], prompt, place) for place in places)
    return tuple(_call(tool, prompt) for tool in named[:wanted])


def _call(tool: Tool, prompt: str, place: str = "") -> Call:
    return Call(tool.name, arguments_for(tool.schema, prompt, place))


def _score(prompt: str, tool: Tool) -> int:
    asked = _stems(prompt)
    return _NAMED * len(asked & _stems(tool.name)) + len(asked & _stems(tool.description[:_GIST]))


def _stems(text: str) -> set[str]:
    words = {word.lower() for word in _WORD.findall(text)} - _EMPTY_WORDS
    pairs = {run[at : at + 2] for run in _HAN.findall(text) for at in range(len(run) - 1)}
    return {word[:_STEM] for word in words} | pairs

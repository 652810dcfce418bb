"""Tokens estimated without a tokenizer: by the shape of a text, in no time worth naming.

How it is measured and how good it is: docs/usage.md.
"""

from ki2api.estimate.families import Family, family_of
from ki2api.estimate.request import Estimate, conversation_tokens, estimated
from ki2api.estimate.text import Tally, text_tokens

__all__ = [
    "Estimate",
    "Family",
    "Tally",
    "conversation_tokens",
    "estimated",
    "family_of",
    "text_tokens",
]

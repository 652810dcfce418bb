"""Both dialects, for routes where a header of the caller decides between them."""

from ki2api.web.openapi.anthropic import ANTHROPIC
from ki2api.web.openapi.openai_chat import OPENAI

EITHER = (OPENAI, ANTHROPIC)

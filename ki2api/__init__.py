"""Ki2API: your own Kiro subscription as an OpenAI- and Anthropic-compatible API (unofficial)."""

from importlib.metadata import version

__version__ = version("ki2api")

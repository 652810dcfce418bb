"""Ki2API: your own Kiro subscription as an OpenAI- and Anthropic-compatible API (unofficial)."""

__version__ = "0.1.0"

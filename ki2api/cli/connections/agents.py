"""Coding agents of the terminal and the editor.

Seen with Claude Code 2.1.330, Codex 0.169.0, OpenCode 1.18.33, Qwen Code 0.24.4, Cline 3.0.65,
Continue 1.5.47 and Aider 0.86.2 (2026-11); Zed and Cursor as their vendors document them.
"""

from collections.abc import Mapping

from ki2api.cli.connections.connection import SHELL, Connection, Piece

CLAUDE_CODE = Connection(
    "Claude Code",
    (
        Piece(
            SHELL,
            "sh",
            """
export ANTHROPIC_BASE_URL="<url>"
export ANTHROPIC_AUTH_TOKEN="<key>"
export ANTHROPIC_MODEL="<model>"
export ANTHROPIC_DEFAULT_OPUS_MODEL="claude-opus-5.5"
export ANTHROPIC_DEFAULT_SONNET_MODEL="claude-sonnet-4.5"
export ANTHROPIC_DEFAULT_HAIKU_MODEL="claude-haiku-4.5"
export CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1
""",
        ),
    ),
    "The address has no /v1. An ANTHROPIC_API_KEY in the environment gets in the way: unset it. The"
    " tools of MCP servers are told to the model when it searches for them. For a model whose name"
    " does not begin with claude-, say how many tokens it takes:"
    " `export CLAUDE_CODE_MAX_CONTEXT_TOKENS=...`",
)
CODEX = Connection(
    "Codex",
    (
        Piece(
            "In `~/.codex/config.toml`, at its top",
            "toml",
            """
model = "<model>"
model_provider = "ki2api"
model_context_window = <window>

[model_providers.ki2api]
name = "Ki2API"
base_url = "<url>/v1"
wire_api = "responses"
env_key = "KI2API_KEY"
""",
        ),
        Piece(SHELL, "sh", 'export KI2API_KEY="<key>"'),
    ),
    "A project's own config.toml cannot choose a provider: it must be the one in your home. Codex"
    " compacts by the tokens that were used, and therefore must know the model's window.",
)
OPENCODE = Connection(
    "OpenCode",
    (
        Piece(
            "In `~/.config/opencode/opencode.json`, or in your project's `opencode.json`",
            "json",
            """
{
  "$schema": "https://opencode.ai/config.json",
  "model": "ki2api/<model>",
  "provider": {
    "ki2api": {
      "npm": "@ai-sdk/openai-compatible",
      "name": "Ki2API",
      "options": {"baseURL": "<url>/v1", "apiKey": "{env:KI2API_KEY}"},
      "models": {"<model>": {"name": "<model>"}}
    }
  }
}
""",
        ),
        Piece(SHELL, "sh", 'export KI2API_KEY="<key>"'),
    ),
)
QWEN_CODE = Connection(
    "Qwen Code",
    (
        Piece(
            SHELL,
            "sh",
            """
export OPENAI_BASE_URL="<url>/v1"
export OPENAI_API_KEY="<key>"
export OPENAI_MODEL="<model>"
""",
        ),
    ),
    "Choose the OpenAI way when it asks how to log in, or start it with `--auth-type openai`.",
)
CLINE = Connection(
    "Cline",
    (
        Piece(
            "In VS Code, under API Provider",
            "text",
            """
API Provider  OpenAI Compatible
Base URL      <url>/v1
API Key       <key>
Model ID      <model>
""",
        ),
        Piece(
            "For its command line, once",
            "sh",
            """
cline auth --provider openai-compatible --baseurl "<url>/v1" --apikey "<key>" --modelid "<model>"
""",
        ),
    ),
    "Roo Code and Kilo Code have the same fields.",
)
CONTINUE = Connection(
    "Continue",
    (
        Piece(
            "In `~/.continue/config.yaml`",
            "yaml",
            """
name: Ki2API
version: 1.0.0
schema: v1
models:
  - name: "<model>"
    provider: openai
    model: "<model>"
    apiBase: <url>/v1
    apiKey: "<key>"
    roles: [chat, edit, apply]
    capabilities: [tool_use, image_input]
""",
        ),
    ),
)
AIDER = Connection(
    "Aider",
    (
        Piece(
            SHELL,
            "sh",
            """
export OPENAI_API_BASE="<url>/v1"
export OPENAI_API_KEY="<key>"
export AIDER_MODEL="openai/<model>"
""",
        ),
    ),
)
ZED = Connection(
    "Zed",
    (
        Piece(
            "In its settings (`zed: open settings file`)",
            "json",
            """
{
  "language_models": {
    "openai_compatible": {
      "Ki2API": {
        "api_url": "<url>/v1",
        "available_models": [
          {
            "name": "<model>",
            "max_tokens": <window>,
            "max_output_tokens": 64000,
            "capabilities": {
              "tools": true,
              "images": true,
              "parallel_tool_calls": true,
              "prompt_cache_key": false
            }
          }
        ]
      }
    }
  }
}
""",
        ),
        Piece(
            "In the shell that starts it, or as API key of the provider Ki2API",
            "sh",
            'export KI2API_API_KEY="<key>"',
        ),
    ),
    "Zed reads no list of models: name each that you want.",
)
CURSOR = Connection(
    "Cursor",
    (
        Piece(
            "In Settings, Models, API Keys",
            "text",
            """
OpenAI API Key            <key>
Override OpenAI Base URL  https://YOUR-PUBLIC-ADDRESS/v1
Add model                 <model>
""",
        ),
    ),
    "Cursor's own servers call that address, so <url> cannot be reached by them: it needs a public"
    " address with TLS and a key of your own in front of this gateway. Think twice: whoever has the"
    " key uses your account.",
)
AGENTS: Mapping[str, Connection] = {
    "claude-code": CLAUDE_CODE,
    "codex": CODEX,
    "opencode": OPENCODE,
    "qwen-code": QWEN_CODE,
    "cline": CLINE,
    "continue": CONTINUE,
    "aider": AIDER,
    "zed": ZED,
    "cursor": CURSOR,
}

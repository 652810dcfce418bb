"""Chat programs, as their vendors document them."""

from collections.abc import Mapping

from ki2api.cli.connections.connection import Connection, Piece

OPEN_WEBUI = Connection(
    "Open WebUI",
    (
        Piece(
            "In the environment of its server",
            "sh",
            """
export OPENAI_API_BASE_URL="<url>/v1"
export OPENAI_API_KEY="<key>"
""",
        ),
    ),
    "In a container, 127.0.0.1 is the container itself: use host.docker.internal or"
    " host.containers.internal, and let the gateway listen there (`[server] host`).",
)
LIBRECHAT = Connection(
    "LibreChat",
    (
        Piece(
            "In `librechat.yaml`",
            "yaml",
            """
version: 1.2.1
endpoints:
  custom:
    - name: Ki2API
      apiKey: "${KI2API_KEY}"
      baseURL: <url>/v1
      models:
        default: ["<model>"]
        fetch: true
      titleConvo: true
      titleModel: "<model>"
""",
        ),
        Piece("In its `.env`", "ini", "KI2API_KEY=<key>"),
    ),
    "In a container, 127.0.0.1 is the container itself, as for Open WebUI.",
)
CHERRY_STUDIO = Connection(
    "Cherry Studio",
    (
        Piece(
            "In Settings, Model Provider, Add",
            "text",
            """
Provider type  Anthropic, or OpenAI
API Host       <url>
API Key        <key>
Model          <model>
""",
        ),
    ),
    "It adds /v1 to the host by itself.",
)
APPS: Mapping[str, Connection] = {
    "open-webui": OPEN_WEBUI,
    "librechat": LIBRECHAT,
    "cherry-studio": CHERRY_STUDIO,
}

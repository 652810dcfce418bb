"""docs/clients.md: every tick is a test, and every setting is the one that `connect` prints.

With KI2API_RECORD=1 the tables and the settings are written anew.
"""

import ast
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from ki2api.cli.connect import MODEL
from ki2api.cli.connections import CONNECTIONS, Address
from ki2api.keys import DEFAULT_KEY

ROOT = Path(__file__).parents[2]
JOURNEYS = ROOT / "tests" / "journeys"
CLIENTS = JOURNEYS / "clients"
PAGE = ROOT / "docs" / "clients.md"
ADDRESS = Address("http://127.0.0.1:8989", MODEL, DEFAULT_KEY)
SDKS = {
    "openai-python": "`openai` Python",
    "openai-js": "`openai` JS",
    "anthropic-python": "`anthropic` Python",
    "anthropic-js": "`@anthropic-ai/sdk` JS",
}
SDK_FEATURES = (
    *("text", "stream", "system", "history", "tools", "parallel tools"),
    *("images", "images in tool results", "thinking", "stop sequences", "max tokens"),
    *("structured output", "documents", "web search", "token counting", "models"),
    *("tool runner", "errors", "errors in a stream", "responses", "responses with tools"),
)
OF_ANTHROPIC = ("token counting",)
OF_OPENAI = ("responses", "responses with tools")
NO_SUCH_THING = {
    *((sdk, feature) for sdk in ("openai-python", "openai-js") for feature in OF_ANTHROPIC),
    *((sdk, feature) for sdk in ("anthropic-python", "anthropic-js") for feature in OF_OPENAI),
    ("openai-python", "tool runner"),
}
AGENTS = {
    "claude-code": ("Claude Code", "@anthropic-ai/claude-code"),
    "codex": ("Codex", "@openai/codex"),
    "opencode": ("OpenCode", "opencode-ai"),
    "qwen-code": ("Qwen Code", "@qwen-code/qwen-code"),
    "cline": ("Cline", "cline"),
    "continue": ("Continue", "@continuedev/cli"),
    "aider": ("Aider", "aider-chat"),
    "ai-sdk": ("Vercel AI SDK", "ai"),
    "langchain": ("LangChain", "langchain-openai"),
    "pydantic-ai": ("Pydantic AI", "pydantic-ai-slim"),
    "llm": ("llm", "llm"),
}
AGENT_FEATURES = ("tool loop", "edits", "usage", "compaction", "deferred tools")


def is_mark(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == name


def shown_in_python() -> Iterator[tuple[str, str]]:
    """Find the features that tests of this tree say to show."""
    for path in JOURNEYS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and is_mark(mark.func, "shows"):
                    client, *features = [ast.literal_eval(argument) for argument in mark.args]
                    yield from ((client, feature) for feature in features)


def shown_in_javascript() -> Iterator[tuple[str, str]]:
    """Find the same in the cells of the SDKs for JavaScript."""
    for path in (JOURNEYS / "js").glob("*.mjs"):
        module = path.read_text()
        for name in re.findall(r'^const NAME = "([\w-]+)"', module, re.MULTILINE):
            cells = re.findall(r'^cell\(NAME, "([\w ]+)"', module, re.MULTILINE)
            yield from ((name, feature) for feature in cells)


SHOWN = frozenset({*shown_in_python(), *shown_in_javascript()})


def versions() -> Mapping[str, str]:
    """Read which version of each package is run."""
    listed = msgspec.json.decode((CLIENTS / "package.json").read_bytes())["dependencies"]
    lines = "\n".join(path.read_text() for path in CLIENTS.glob("*.txt"))
    pinned = re.findall(r"^([\w-]+).*==(.+)$", lines, re.MULTILINE)
    return {**listed, **dict(pinned)}


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def cell(client: str, feature: str) -> str:
    return "✓" if (client, feature) in SHOWN else "–" if (client, feature) in NO_SUCH_THING else ""


def sdks() -> Iterator[str]:
    yield row("feature", *SDKS.values())
    yield row("---", *["---"] * len(SDKS))
    for feature in SDK_FEATURES:
        yield row(feature, *[cell(sdk, feature) for sdk in SDKS])


def agents() -> Iterator[str]:
    yield row("client", "version", *AGENT_FEATURES)
    yield row("---", "---", *["---"] * len(AGENT_FEATURES))
    for client, (title, package) in AGENTS.items():
        ticks = [cell(client, feature) for feature in AGENT_FEATURES]
        yield row(title, versions()[package], *ticks)


def settings() -> Iterator[str]:
    for number, (name, connection) in enumerate(CONNECTIONS.items()):
        yield from ([] if number == 0 else [""])
        yield from (f"### {connection.title}", "", f"`ki2api connect {name}`")
        for piece in connection.pieces:
            fence = f"```{piece.language}\n{ADDRESS.put_into(piece)}\n```"
            yield from ("", f"{piece.where}:", "", fence)
        if connection.note:
            yield from ("", connection.note.replace("<url>", f"`{ADDRESS.url}`"))


def written(page: str) -> str:
    """Return the page as it should be."""
    for name, lines in (("sdks", sdks()), ("agents", agents()), ("settings", settings())):
        whole = re.compile(rf"<!-- {name} -->\n.*?<!-- end -->", re.DOTALL)
        new = "\n".join([f"<!-- {name} -->", "", *lines, "", "<!-- end -->"])
        page, times = whole.subn(lambda _, new=new: new, page)  # type: ignore[misc]
        assert times == 1, name
    return page


def test_it_says_what_the_tests_show_and_what_connect_prints() -> None:
    page = PAGE.read_text()
    if "KI2API_RECORD" in os.environ:
        PAGE.write_text(written(page))
    assert PAGE.read_text() == written(page)


def test_every_tick_has_a_place_on_it() -> None:
    places = {(sdk, feature) for sdk in SDKS for feature in SDK_FEATURES}
    places |= {(agent, feature) for agent in AGENTS for feature in AGENT_FEATURES}
    assert places >= SHOWN

"""Coding agents themselves: each writes a file by its own tool, and reads it back."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ki2api.simulator.answer import Call

MCP = Path(__file__).with_name("mcp_server.py")
ASK = "Write a poem about rain into poem.txt and read it back."
POEM = "The rain has come."


def by_path(lab: Any) -> dict[str, str]:
    return {"file_path": str(lab.poem)}


@pytest.mark.shows("claude-code", "tool loop", "usage", "compaction")
@pytest.mark.parametrize("model", ["claude-sonnet-4.5", "claude-opus-5.5"])
def test_claude_code(lab: Any, served: Callable[..., Any], model: str) -> None:
    served(
        Call("Write", {**by_path(lab), "content": POEM}),
        Call("Read", by_path(lab)),
        overflow=True,
    )
    lab.connect("claude-code", model)

    options = ["--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits"]
    lines = lab.run("claude", "-p", ASK, *options).splitlines()

    told = [msgspec.json.decode(line) for line in lines if line.startswith("{")]
    assert lab.poem.read_text() == POEM
    assert POEM in told[-1]["result"]
    assert told[-1]["usage"]["input_tokens"] > 0
    assert told[-1]["usage"]["output_tokens"] > 0
    assert "compact_boundary" in [line.get("subtype") for line in told]
    assert lab.coder.compacted
    lab.show("claude-code" if model.endswith("5.5") else "claude-code-sonnet", 2, 3, 4)


@pytest.mark.shows("claude-code", "deferred tools")
def test_claude_code_searches_the_tools_of_an_mcp_server(
    lab: Any, served: Callable[..., Any]
) -> None:
    name = "mcp__weather__get_weather"
    served(
        Call("ToolSearch", {"query": f"select:{name}", "max_results": 5}),
        Call(name, {"city": "Oslo"}),
    )
    lab.connect("claude-code")
    server = {"command": sys.executable, "args": [str(MCP)]}
    settings = msgspec.json.encode({"mcpServers": {"weather": server}}).decode()
    options = ["--mcp-config", lab.write("mcp.json", settings), "--strict-mcp-config"]

    told = lab.run("claude", "-p", "How is Oslo?", *options, "--allowedTools", name)

    assert "rain in Oslo" in told
    names = [[tool.name for tool in question.tools] for question in lab.coder.asked]
    assert [name in each for each in names] == [False, True, True]
    assert not [each for each in names if "DeferredToolPlaceholder" in each]
    lab.show("claude-code-tool-search")


@pytest.mark.shows("opencode", "tool loop", "compaction")
def test_opencode(lab: Any, served: Callable[..., Any]) -> None:
    served(
        Call("write", {"filePath": str(lab.poem), "content": POEM}),
        Call("read", {"filePath": str(lab.poem)}),
        overflow=True,
    )
    lab.connect("opencode")
    lab.environ["OPENCODE_DISABLE_AUTOUPDATE"] = "1"
    lab.environ["OPENCODE_DISABLE_MODELS_FETCH"] = "1"
    # It tells of the overflow by its status, too, although it has mended it.
    told = lab.run("opencode", "run", ASK, status=1)
    assert lab.poem.read_text() == POEM
    assert "Done:" in told
    assert lab.coder.compacted
    lab.show("opencode", 0, 3, 4, 5)


@pytest.mark.shows("qwen-code", "tool loop")
def test_qwen_code(lab: Any, served: Callable[..., Any]) -> None:
    served(
        Call("write_file", {**by_path(lab), "content": POEM}),
        Call("read_file", by_path(lab)),
    )
    lab.connect("qwen-code")
    told = lab.run("qwen", "--auth-type", "openai", "--yolo", "-p", ASK)
    assert lab.poem.read_text() == POEM
    assert POEM in told
    lab.show("qwen-code")


@pytest.mark.shows("cline", "tool loop")
def test_cline(lab: Any, served: Callable[..., Any]) -> None:
    path = {"path": str(lab.poem)}
    served(Call("editor", {**path, "new_text": POEM}), Call("read_files", {"files": [path]}))
    lab.connect("cline")
    told = lab.run("cline", ASK)
    assert lab.poem.read_text() == POEM
    assert POEM in told
    lab.show("cline")


@pytest.mark.shows("continue", "tool loop")
def test_continue(lab: Any, served: Callable[..., Any]) -> None:
    served(
        Call("Write", {"filepath": str(lab.poem), "content": POEM}),
        Call("Read", {"filepath": str(lab.poem)}),
    )
    lab.connect("continue")
    told = lab.run("cn", "--config", lab.home / ".continue" / "config.yaml", "--auto", "-p", ASK)
    assert lab.poem.read_text() == POEM
    assert POEM in told
    lab.show("continue")


@pytest.mark.shows("aider", "edits")
def test_aider(lab: Any, served: Callable[..., Any], python: Callable[[str], Path]) -> None:
    served()
    lab.coder.words = f"poem.txt\n```\n{POEM}\n```\n"
    lab.connect("aider")
    options = ["--yes-always", "--no-git", "--no-check-update", "--analytics-disable"]
    lab.run(python("aider.txt") / "aider", *options, "--message", ASK)
    assert lab.poem.read_text().strip() == POEM
    lab.show("aider")


@pytest.mark.shows("codex", "tool loop", "usage", "compaction")
def test_codex(lab: Any, served: Callable[..., Any]) -> None:
    served(
        Call("exec_command", {"cmd": f"printf '%s' '{POEM}' > poem.txt"}),
        Call("exec_command", {"cmd": "cat poem.txt"}),
    )
    lab.connect("codex")
    # It compacts by the tokens that it was told were used, which a short task would never fill.
    small = ["--config", "model_auto_compact_token_limit=13700"]
    options = ["--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]

    lines = lab.run("codex", "exec", *small, *options, ASK).splitlines()

    told = [msgspec.json.decode(line) for line in lines if line.startswith("{")]
    assert lab.poem.read_text() == POEM
    assert told[-1]["type"] == "turn.completed"
    assert told[-1]["usage"]["input_tokens"] > 0
    assert told[-1]["usage"]["output_tokens"] > 0
    assert lab.coder.compacted
    lab.show("codex", 1, 3)

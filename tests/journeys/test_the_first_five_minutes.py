"""What a newcomer types first: the commands, and their ends."""

import re
import socket
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

import ki2api

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path: Path, launch: Any) -> Any:
    def run(*arguments: str, **environ: str) -> Any:
        return launch(list(arguments), tmp_path, environ)

    return run


def test_demo_serves_at_once_and_says_all_that_a_newcomer_needs(run: Any) -> None:
    demo = run("demo", "--port", "0", KIRO_AUTH_CONFIG="not even JSON")
    url = demo.wait_for(r"Anthropic base URL\s+(http://\S+)")[1]
    demo.wait_for("Unofficial")
    assert f"{url}/v1" in demo.text
    assert "ki2api-key-2024" in demo.text
    assert "ki2api serve" in demo.text
    curl = re.search(r"-d '(.*?)'", demo.text, re.DOTALL)
    assert curl is not None
    answer = httpx.post(
        f"{url}/v1/chat/completions",
        content=curl[1],
        headers={"authorization": "Bearer ki2api-key-2024", "content-type": "application/json"},
        trust_env=False,
    )
    assert answer.text.endswith("data: [DONE]\n\n")
    assert demo.stop() == 0


def test_demo_does_not_print_a_key_of_ones_own(run: Any) -> None:
    demo = run("demo", "--port", "0", API_KEY="sk-very-private")
    url = demo.wait_for(r"Anthropic base URL\s+(http://\S+)")[1]
    demo.wait_for("Unofficial")
    headers = {"x-api-key": "sk-very-private"}
    assert httpx.get(f"{url}/v1/models", headers=headers, trust_env=False).status_code == 200
    assert demo.stop() == 0
    assert "sk-very-private" not in demo.text
    assert "Bearer $KI2API_KEY" in demo.text
    assert "export KI2API_KEY=<your key>" in demo.text
    assert "default key" not in demo.text


def test_serve_can_answer_from_the_simulator_too(run: Any, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[upstream]\nkind = "simulator"\n[log]\nformat = "json"')
    serve = run("serve", "--port", "0")
    url = serve.wait_for(r"serving on (http://127\.0\.0\.1:\d+)")[1]
    health = httpx.get(f"{url}/health", trust_env=False).json()
    assert health["accounts_ready"] == 2
    assert serve.stop() == 0
    for line in filter(None, serve.text.splitlines()):
        assert msgspec.json.decode(line)["message"]


def test_simulate_prints_what_serve_needs(run: Any, tmp_path: Path) -> None:
    simulate = run("simulate")
    simulate.wait_for("stall")
    simulate.wait_for("run:")
    assert "management-url" in simulate.text
    (tmp_path / "config.toml").write_text(f"[server]\nport = 0\n{simulate.text}")
    serve = run("serve")
    url = serve.wait_for(r"serving on (http://\S+)")[1]
    body = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"x-api-key": "ki2api-key-2024"}
    answer = httpx.post(
        f"{url}/v1/chat/completions", json=body, headers=headers, trust_env=False, timeout=30
    )
    assert answer.status_code == 200
    assert serve.stop() == 0
    assert simulate.stop() == 0


def test_help_and_version(run: Any) -> None:
    helped = run("--help")
    assert helped.process.wait(30) == 0
    for command in ("serve", "demo", "simulate"):
        helped.wait_for(command)
    version = run("--version")
    assert version.process.wait(30) == 0
    version.wait_for(re.escape(ki2api.__version__))


@pytest.mark.parametrize(
    ("arguments", "environ", "config", "status", "said"),
    [
        (["serve"], {"KIRO_AUTH_CONFIG": "[{]"}, "", 2, "KIRO_AUTH_CONFIG"),
        (["serve"], {"KIRO_AUTH_CONFIG": "/no/such/file.json"}, "", 2, "KIRO_AUTH_CONFIG"),
        (["serve"], {}, "[server]\nport = 'x'", 2, r"config\.toml:2: .*port"),
        (["serve"], {}, "[server\n", 2, r"config\.toml:1"),
        (["serve"], {}, "[server]\nrequire-own-key = true", 2, "API_KEY"),
        (["serve"], {}, '[upstream]\nproxy = "socks5://x"', 2, r"config\.toml:2: .*proxy must be"),
        (["serve"], {"KI2API_PORT": "x"}, "", 2, "KI2API_PORT"),
        (["serve"], {"KI2API_CONFIG": "gone.toml"}, "", 2, r"gone\.toml: .*cannot be read"),
        (["serve", "--config", "missing.toml"], {}, "", 2, "missing.toml"),
        (["serve", "--port", "70000"], {}, "", 2, "70000"),
        (["sevre"], {}, "", 2, "sevre"),
        (["demo", "--host", "203.0.113.1"], {}, "", 1, "cannot listen"),
    ],
)
def test_mistakes_are_told_in_a_line_without_a_traceback(
    run: Any,
    tmp_path: Path,
    arguments: list[str],
    environ: dict[str, str],
    config: str,
    status: int,
    said: str,
) -> None:
    (tmp_path / "config.toml").write_text(config)
    process = run(*arguments, **environ)
    assert process.process.wait(30) == status
    process.wait_for(said)
    assert "Traceback" not in process.text


def test_a_second_process_on_one_state_file_is_refused(run: Any, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[server]\nport = 0\n[state]\npath = "s/state.json"')
    first = run("serve")
    first.wait_for("serving on")
    second = run("serve")
    assert second.process.wait(30) == 1
    second.wait_for("in use by another ki2api")
    assert first.stop() == 0


def test_an_ipv6_address_is_served_and_told_in_brackets(run: Any) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    demo = run("demo", "--host", "::1", "--port", "0")
    url = demo.wait_for(r"Anthropic base URL\s+(http://\[::1\]:\d+)")[1]
    assert httpx.get(f"{url}/health", trust_env=False).status_code == 200
    assert demo.stop() == 0


def test_a_state_that_cannot_be_written_is_said_and_served_without(
    run: Any, tmp_path: Path
) -> None:
    (tmp_path / "blocked").write_text("a file, no folder")
    (tmp_path / "config.toml").write_text('[server]\nport = 0\n[state]\npath = "blocked/s.json"')
    serve = run("serve")
    url = serve.wait_for(r"serving on (http://\S+)")[1]
    serve.wait_for("ERROR .*cannot be written")
    health = httpx.get(f"{url}/health", trust_env=False).json()
    assert health["status"] == "degraded"
    assert "blocked" not in str(health)
    assert serve.stop() == 0

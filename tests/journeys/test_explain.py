"""`ki2api explain` as a process: what a person sees of a request that is not sent."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

REQUEST = {
    "model": "claude-sonnet-4-5-20250929",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "你好"}],
}
ARN = "arn:aws:codewhisperer:us-east-1:123456789012:profile/MINE"
SETTINGS = f"""
[server]
api-keys = ["a-key-of-my-own"]
[[accounts]]
name = "me"
api-key = "ksk_0123456789abcdef"
profile-arn = "{ARN}"
"""


@pytest.fixture
def explain(tmp_path: Path) -> Any:
    (tmp_path / "config.toml").write_text(SETTINGS)

    def explain(
        *arguments: str, request: bytes = msgspec.json.encode(REQUEST), **environ: str
    ) -> Any:
        return subprocess.run(
            [sys.executable, "-m", "ki2api", "explain", *arguments],
            cwd=tmp_path,
            env={"HOME": str(tmp_path), "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **environ},
            input=request,
            capture_output=True,
            check=False,
            timeout=60,
        )

    return explain


def test_it_tells_what_would_become_of_a_request(explain: Any, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_bytes(msgspec.json.encode(REQUEST))
    before = set(tmp_path.iterdir())
    done = explain("request.json")
    assert (done.returncode, done.stderr) == (0, b"")
    told = done.stdout.decode()
    above, _, body = told.partition("body, which was not sent\n")
    for words in (
        "read as: openai-chat (guessed by a message of the role 'system')",
        "model: claude-sonnet-4-5-20250929 ▶ claude-sonnet-4.5",
        "account: me",
        "me would serve: no other could",
        "fills conversation: 1 turn, 1 system text",
    ):
        assert words in above
    assert max(map(len, above.splitlines())) <= 80
    state = msgspec.json.decode(body)["conversationState"]
    assert state["currentMessage"]["userInputMessage"]["content"] == "Be brief.\n\n你好"
    for secret in ("123456789012", "ksk_0123456789abcdef", "a-key-of-my-own"):
        assert secret not in told
    assert set(tmp_path.iterdir()) == before


def test_a_program_can_read_it_too(explain: Any) -> None:
    found = msgspec.json.decode(explain("-", "--json", "--model", "claude-opus-5").stdout)
    assert found["model"]["id"] == "claude-opus-5"
    assert found["figures"][0]["rule"] == "§3.8"
    pretty, raw = explain("-", "--body").stdout, explain("-", "--raw").stdout
    assert "profile/MINE" in pretty.decode()
    assert msgspec.json.decode(pretty)["profileArn"] == ARN.replace("123456789012", "*" * 12)
    assert msgspec.json.decode(raw)["profileArn"] == ARN
    assert raw == msgspec.json.encode(msgspec.json.decode(raw))


@pytest.mark.parametrize("protocol", ["anthropic", "openai-chat"])
def test_a_refusal_is_told_as_the_client_would_see_it(explain: Any, protocol: str) -> None:
    heavy = msgspec.json.encode(
        {**REQUEST, "messages": [{"role": "user", "content": "字" * 500_000}]}
    )
    request = heavy.replace(b'"model"', b'"max_tokens":5,"model"')
    done = explain("-", "--protocol", protocol, request=request)
    assert done.returncode == 1
    told = done.stdout.decode()
    assert f"read as: {protocol} (as you said)" in told
    assert told.startswith("outcome: refused by Kiro's rules, with HTTP 400\n")
    words = {"anthropic": "prompt is too long", "openai-chat": "maximum context length"}[protocol]
    assert words in told
    for form in ("--body", "--raw"):
        done = explain("-", form, "--protocol", protocol, request=request)
        assert (done.returncode, done.stdout) == (1, b"")
        assert words in done.stderr.decode()
    found = explain("-", "--json", request=request)
    assert (found.returncode, msgspec.json.decode(found.stdout)["refused"]["rule"]) == (1, "§3.8")


def test_what_was_typed_wrong_ends_with_two(explain: Any, tmp_path: Path) -> None:
    assert explain("none.json").returncode == 2
    assert explain("-", "--protocol", "gemini").returncode == 2
    (tmp_path / "config.toml").write_text("[server]\nprt = 1\n")
    assert explain("-").returncode == 2


def test_accounts_that_cannot_be_read_do_not_stand_in_the_way(explain: Any, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    done = explain("-", KIRO_AUTH_CONFIG="[{")
    assert done.returncode == 0
    assert b"without accounts: " in done.stderr
    assert done.stdout.startswith(b"outcome: no account could serve it now; else it would be sent")


def test_the_simulator_has_accounts_as_it_would_when_it_runs(explain: Any, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[upstream]\nkind = "simulator"')
    told = explain("-").stdout.decode()
    assert told.startswith("outcome: it would be sent\n")
    assert "account: demo_1\n" in told
    assert "demo_1 would serve: chosen by round-robin among demo_1, demo_2" in told


def test_a_stage_that_heeds_a_dry_flow_keeps_nothing(explain: Any, tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "log_to_file.py"
    (tmp_path / "log_to_file.py").write_text(example.read_text())
    (tmp_path / "config.toml").write_text(
        '[[pipeline]]\nstage = "./log_to_file.py"\nbefore = "auth"\npath = "flows.jsonl"\n'
    )
    done = explain("-")
    assert done.returncode == 0
    assert b"./log_to_file.py" in done.stdout
    assert (tmp_path / "flows.jsonl").read_bytes() == b""

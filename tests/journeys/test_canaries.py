"""Every kind of secret is unlike any other text here, and is then sought in all that is told.

A gateway that logs all it can meets the faults of the matrix; the commands look at it beside. What
a person is to see, such as an answer or the state file, is not among the outputs.
"""

import base64
import gc
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx
import pytest

from ki2api.simulator import Simulator
from ki2api.simulator.answer import Answer
from ki2api.simulator.question import Question
from ki2api.simulator.signin_devices import Devices
from tests.journeys.faults.table import ROWS

OWN = "sk-canary-of-the-callers-key"
NAMED = "sk-canary-of-a-named-key"
PROMPT = "canary-of-the-prompt-5f1c"
ANSWER = "canary-of-the-answer-77ab"
PLANTED = "canary-that-a-stage-gives-away"
QUICK = [row for row in ROWS if not row.slow]
FAULTS = QUICK if os.environ.get("KI2API_SWEEPS") else QUICK[::4]
STAGE = f'''
"""Fails with secrets at hand, or gives one away."""

from ki2api.errors import InvalidRequest


def request(flow):
    body = flow.request.body.decode()
    headers = dict(flow.request.headers)
    lease = flow.account
    if "[[fail]]" in body:
        raise RuntimeError(f"{{len(body)}} {{len(headers)}} {{lease!r}}")
    if "[[leak]]" in body:
        flow.log.debug("{PLANTED}")
        raise InvalidRequest("{PLANTED}")
'''
Texts: TypeAlias = dict[str, str]
"""Texts by what they are called."""


def forms(secret: str) -> Iterator[str]:
    """Yield a secret in the forms in which it may stand somewhere, and the end of it."""
    data = secret.encode()
    yield from (secret, secret[-14:], quote(secret, safe=""), data.hex())
    for skipped in range(3):
        whole = (len(data) - skipped) // 3 * 3
        yield base64.b64encode(data[skipped : skipped + whole]).decode()


def leaks(outputs: Mapping[str, str], secrets: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return which secret stands in which output."""
    return {
        (secret, output)
        for secret, text in secrets.items()
        for output, told in outputs.items()
        if any(form in told for form in forms(text))
    }


@pytest.mark.parametrize("leaked", [f"{PROMPT}!", quote("c d/é" * 4, safe="")])
def test_a_leak_in_any_form_is_found(leaked: str) -> None:
    secret = PROMPT if PROMPT in leaked else "c d/é" * 4
    for skipped in range(3):
        hidden = base64.b64encode(b"x" * skipped + secret.encode() + b"yy").decode()
        assert leaks({"log": f"a {hidden} b"}, {"it": secret}) == {("it", "log")}
    for shown in (leaked, secret.encode().hex(), secret[-14:]):
        assert leaks({"log": f"a {shown} b"}, {"it": secret}) == {("it", "log")}
    assert leaks({"log": "nothing"}, {"it": secret}) == set()


def answer(question: Question) -> Answer:
    return Answer(text=f"{ANSWER} " * 20)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A Kiro whose answers are canaries."""
    with Simulator(script=answer).threaded() as simulator:
        simulator.add_account("first")
        simulator.add_account("second", kind="builder-id")
        simulator.add_account("third", kind="api-key")
        simulator.add_account("fourth", kind="enterprise")
        yield simulator


def accounts(simulator: Simulator) -> str:
    """Return the tables of all accounts."""
    tables = []
    for each in simulator.accounts.values():
        lines = [f'name = "{each.name}"', f'region = "{each.region}"']
        if each.api_key:
            lines = [lines[0], f'api-key = "{each.api_key}"']
        else:
            lines.append(f'refresh-token = "{each.refresh_token}"')
        if each.client_secret:
            lines += [f'client-id = "{each.client_id}"', f'client-secret = "{each.client_secret}"']
        if each.start_url and each.kind == "enterprise":
            lines += [f'start-url = "{each.start_url}"', f'profile-arn = "{each.profile_arn}"']
        tables.append("\n".join(["[[accounts]]", *lines, ""]))
    return "\n".join(tables)


def secrets_of(simulator: Simulator) -> Texts:
    """Return every secret that this Kiro has ever given out, or was given."""
    found: Texts = {}
    for each in simulator.accounts.values():
        kinds = {
            "refresh token": [each.refresh_token, *each.retired],
            "access token": [each.access_token, *each.access],
            "Kiro API key": [each.api_key],
            "client secret": [each.client_secret],
        }
        for kind, texts in kinds.items():
            found |= {f"{each.name}'s {kind} {n}": text for n, text in enumerate(texts) if text}
    return found


def through_the_matrix(gateway: Any, simulator: Simulator) -> Texts:
    """Meet each fault, streamed and whole, and return what was told of it."""
    told: Texts = {}
    with gateway.http(headers={"x-api-key": OWN}) as http:
        for row in FAULTS:
            for path, stream in (("chat/completions", True), ("messages", False)):
                http.post("/v1/token/reset")
                simulator.order(row.scenario, row.times, **row.values)
                said = http.post(f"/v1/{path}", json=asking("Hello", stream=stream))
                if said.status_code != httpx.codes.OK:
                    told[f"{path} of {row.fault}"] = said.text + str(said.headers)
                elif stream:
                    told[f"the errors in {path} of {row.fault}"] = "".join(
                        line for line in said.text.splitlines() if '"error"' in line
                    )
                simulator._world.ordered.clear()
        http.post("/v1/token/reset")
        for each in simulator.accounts:
            told[f"refresh of {each}"] = http.post(f"/v1/token/refresh?account={each}").text
        assert http.post("/v1/messages", json=asking("Hello")).is_success
        for mark in ("[[fail]]", "[[leak]]"):
            for path in ("chat/completions", "responses"):
                more = {"input": f"{PROMPT} {mark}"} if path == "responses" else {}
                failed = http.post(f"/v1/{path}", json=asking(mark, **more))
                told[f"{path} of {mark}"] = failed.text
        for method, path in (
            ("GET", "/health"),
            ("GET", "/schema"),
            ("GET", "/v1/models"),
            ("GET", "/v1/token/status"),
            ("GET", "/v1/token/usage?email=true"),
            ("POST", "/v1/token/reset"),
            ("GET", f"/nothing?key={OWN}"),
        ):
            told[path.partition("?")[0]] = http.request(method, path).text
    wrong = http_get(gateway, "/v1/models", {"authorization": f"Bearer {NAMED}x"})
    return told | {"401": wrong.replace(f"{NAMED}x", "")}


def http_get(gateway: Any, path: str, headers: Texts) -> str:
    return httpx.get(gateway.url + path, headers=headers, trust_env=False).text


def asking(text: str, **more: Any) -> dict[str, Any]:
    body = {"role": "user", "content": f"{PROMPT} {text}"}
    asked: dict[str, Any] = {"model": "claude-sonnet-4.5", "max_tokens": 500}
    return {**asked, **({} if "input" in more else {"messages": [body]}), **more}


def commands(launch: Callable[..., Any], folder: Path, url: str) -> Texts:
    """Return what each command says of the same settings."""
    lines = [
        ["show"],
        ["show", "--schema"],
        ["check"],
        ["connect", "claude-code"],
        ["accounts", "--json", "--url", url],
        ["accounts", "usage", "--url", url],
        ["explain", "request.json"],
        ["doctor"],
    ]
    started = {" ".join(line[:2]): launch(line, folder, {}) for line in lines}
    for command in started.values():
        command.process.wait(60)
        command.stop()
    return {name: command.text for name, command in started.items()}


def test_no_secret_and_no_word_of_a_conversation_is_told_anywhere(
    simulator: Simulator, start: Any, launch: Any, chain: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(STAGE)
    (tmp_path / "request.json").write_text('{"model": "auto", "messages": []}')
    gateway = start(
        simulator,
        accounts=accounts(simulator),
        server=f'api-keys = ["{OWN}"]\nhold-back-seconds = 0.2',
        upstream="first-event-seconds = 2\nidle-seconds = 2",
        rest=f"""
[log]
level = "debug"
{chain(retry="max-wait-seconds = 0.0")}
[[pipeline]]
stage = "./mine.py"
""",
    )
    outputs = through_the_matrix(gateway, simulator)
    outputs |= commands(launch, tmp_path, gateway.url)
    outputs["arguments"] = Path(f"/proc/{gateway.process.pid}/cmdline").read_text()
    assert gateway.stop() == 0
    outputs["log"] = gateway.text
    given = {"config.toml", "mine.py", "request.json", "state.json"}
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name not in given:
            outputs[f"file {path.name}"] = path.read_bytes().decode("latin-1")

    secrets = {
        **secrets_of(simulator),
        "the caller's key": OWN,
        "a key that was tried": NAMED,
        "the prompt": PROMPT,
        "the answer": ANSWER,
    }
    private = {
        each.profile_arn for each in simulator.accounts.values() if each.kind == "enterprise"
    }
    to_its_owner = {"doctor", "explain request.json"}
    arns = {f"profile {n}": arn for n, arn in enumerate(sorted(private))}

    assert sum(each.refreshes for each in simulator.accounts.values()) >= 4
    assert len(secrets) >= 12, secrets.keys()
    assert len(outputs) >= 30 + len(FAULTS), outputs.keys()
    assert "Traceback" in outputs["log"]
    assert outputs["log"].count("failed: ") > len(FAULTS)
    assert leaks(outputs, secrets) == set()
    assert leaks({k: v for k, v in outputs.items() if k not in to_its_owner}, arns) == set()
    seen = {output for _, output in leaks(outputs, {"planted": PLANTED})}
    assert {"log", "chat/completions of [[leak]]", "responses of [[leak]]"} <= seen


def device_codes(simulator: Simulator) -> list[str]:
    """Return the codes that stand for logins which wait, as only the service knows them."""
    services = (each for each in gc.get_objects() if isinstance(each, Devices))
    return [c for each in services if each._world is simulator._world for c in each._devices]


def test_a_login_tells_the_code_for_the_person_and_none_of_its_secrets(
    simulator: Simulator, launch: Any, tmp_path: Path
) -> None:
    urls = simulator.urls
    (tmp_path / "config.toml").write_text(
        f'[upstream]\noidc-url = "{urls.oidc}/{{region}}"\nmanagement-url = "{urls.management}"\n'
        f'api-url = "{urls.runtime}"\nfallback-url = "{urls.q}"\n[state]\npath = "state/state.json"\n'
    )
    before = os.umask(0)  # which the command inherits
    try:
        login = launch(["login", "--builder-id"], tmp_path, {})
    finally:
        os.umask(before)
    code = login.wait_for(r"^  ([A-Z]{4}-[A-Z]{4})$")[1]
    codes = device_codes(simulator)
    person = simulator.accounts["second"]
    person.approve(code)
    devices = dict(enumerate(codes))
    assert devices
    assert login.process.wait(60) == 0
    login.stop()

    secrets = secrets_of(simulator) | {f"device code {n}": text for n, text in devices.items()}
    assert leaks({"login": login.text}, secrets) == set()
    state = tmp_path / "state"
    assert leaks({"file": (state / "logins.json").read_text()}, secrets), "kept there, private"
    assert state.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in state.iterdir()} == {0o600}

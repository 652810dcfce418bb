"""Logging in as a person does: the real command, the simulated services, then the gateway."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ki2api.simulator import Simulator

BROWSER = """#!{python}
import sys, urllib.request
urllib.request.urlopen(sys.argv[1]).read()
"""
ASK = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Hello"}]}
Launch = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, simulator: Simulator) -> Path:
    """A folder with settings that point to the simulated services."""
    urls = simulator.urls
    (tmp_path / "config.toml").write_text(f"""
[server]
port = 0
[upstream]
api-url = "{urls.runtime}"
management-url = "{urls.management}"
fallback-url = "{urls.q}"
auth-url = "{urls.auth}/{{region}}"
oidc-url = "{urls.oidc}/{{region}}"
login-url = "{urls.auth}"
[state]
path = "state/state.json"
""")
    return tmp_path


@pytest.fixture
def log_in(folder: Path, launch: Launch) -> Callable[..., Any]:
    """Runs `ki2api login` with these options."""

    def log_in(*options: str, **environ: str) -> Any:
        return launch(["login", *options], folder, environ)

    return log_in


@pytest.fixture
def answered(folder: Path, launch: Launch) -> Callable[..., str]:
    """Starts the gateway, asks it once, stops it, and returns which account answered."""

    def answered(simulator: Simulator) -> str:
        gateway = launch(["serve"], folder, {})
        with gateway.http() as http:
            reply = http.post("/v1/chat/completions", json=ASK)
        assert reply.status_code == 200, reply.text + gateway.text
        assert gateway.stop() == 0
        return simulator.requests[-1].account

    return answered


def ended(command: Any) -> tuple[int, str]:
    """Wait for a command's end, and return its status and all that it said."""
    status = command.process.wait(30)
    command.stop()
    return status, command.text


def test_a_builder_id_login_serves_after_every_restart(
    log_in: Callable[..., Any],
    answered: Callable[..., str],
    simulator: Simulator,
    folder: Path,
) -> None:
    account = simulator.add_account("person", kind="builder-id")
    command = log_in("--builder-id")
    code = command.wait_for(r"^  ([A-Z]{4}-[A-Z]{4})$")[1]
    command.wait_for(rf"https://view\.awsapps\.com/start/#/device\?user_code={code}")
    account.approve(code)

    status, said = ended(command)

    assert status == 0, said
    assert "Logged in as builder-id; kept in state/logins.json." in said
    assert "Next: ki2api serve" in said
    for restart in range(3):
        assert answered(simulator) == "person"
        assert account.refreshes == restart  # the tokens of a refresh outlive the restart
        account.expire_access()
    for secret in (account.access_token, account.refresh_token, account.client_secret):
        assert secret not in said


def test_an_organization_is_found_in_its_region(
    log_in: Callable[..., Any], answered: Callable[..., str], simulator: Simulator
) -> None:
    account = simulator.add_account("person", kind="enterprise", region="eu-west-1")
    account.approve()

    status, said = ended(log_in("--start-url", account.start_url, "--name", "work"))

    assert status == 0, said
    assert "Looking for the region of" in said
    assert "Logged in as work" in said
    assert answered(simulator) == "person"


def test_a_browser_brings_a_social_login_home(
    log_in: Callable[..., Any],
    answered: Callable[..., str],
    simulator: Simulator,
    folder: Path,
) -> None:
    simulator.add_account("person")
    browser = folder / "browser"
    browser.write_text(BROWSER.format(python=sys.executable))
    browser.chmod(0o700)

    status, said = ended(log_in("--google", BROWSER=f"{browser} %s"))

    assert status == 0, said
    assert "Logged in as google" in said
    assert answered(simulator) == "person"


def test_kiros_own_page_is_the_way_that_nobody_has_to_name(
    log_in: Callable[..., Any], simulator: Simulator, folder: Path
) -> None:
    simulator.add_account("person", provider="github")
    command = log_in("--no-browser")
    url = command.wait_for(r"^  (http\S+/signin\?\S+)$")[1]
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        page = browser.get(url)

    status, said = ended(command)

    assert status == 0, said
    assert "go back to the terminal" in page.text
    assert "Logged in as github" in said


def test_a_machine_without_a_browser_takes_the_address_by_hand(
    folder: Path, simulator: Simulator
) -> None:
    simulator.add_account("person")
    command = subprocess.Popen(
        [sys.executable, "-m", "ki2api", "login", "--no-browser"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with command:
        assert command.stdin is not None
        assert command.stdout is not None
        url = next(line.strip() for line in command.stdout if "/signin?" in line)
        sent = httpx.get(url, trust_env=False).headers["location"]
        command.stdin.write("what?\n")
        command.stdin.write(f"{sent}\n")
        command.stdin.flush()
        said = command.stdout.read()

    assert command.returncode == 0, said
    assert "This is not the address" in said
    assert "Logged in as google" in said


@pytest.mark.parametrize(
    ("act", "said"),
    [("deny", "the login was denied in the browser"), ("let_expire", "the code has expired")],
)
def test_a_login_that_comes_to_nothing_keeps_nothing(
    log_in: Callable[..., Any], simulator: Simulator, folder: Path, act: str, said: str
) -> None:
    getattr(simulator.add_account("person", kind="builder-id"), act)()

    status, text = ended(log_in("--builder-id"))

    assert status == 1
    assert said in text
    assert "nothing was kept" in text
    assert not (folder / "state" / "logins.json").exists()


def test_a_browser_from_elsewhere_ends_the_login(
    log_in: Callable[..., Any], simulator: Simulator, folder: Path
) -> None:
    simulator.add_account("person")
    command = log_in("--no-browser", "--google")
    url = command.wait_for(r"^  (http\S+/login\?\S+)$")[1]
    with httpx.Client(trust_env=False) as browser:
        home = browser.get(url).headers["location"]
        browser.get(home.replace("state=", "state=x"))

    status, said = ended(command)

    assert status == 1
    assert "the browser came back from another login" in said
    assert not (folder / "state" / "logins.json").exists()


def test_stopping_it_is_clean(log_in: Callable[..., Any], simulator: Simulator) -> None:
    simulator.add_account("person", kind="builder-id")
    command = log_in("--builder-id")
    command.wait_for("Waiting until")

    command.process.send_signal(signal.SIGINT)
    status, said = ended(command)

    assert status == 1
    assert said.rstrip().endswith("ki2api: stopped; nothing was kept")
    assert "Traceback" not in said


def test_a_place_that_comes_first_is_named(
    log_in: Callable[..., Any], simulator: Simulator, folder: Path
) -> None:
    simulator.add_account("person", kind="builder-id").approve()

    status, said = ended(log_in("--builder-id", KIRO_API_KEY="ksk_" + "k" * 40))

    assert status == 0
    assert "But KIRO_API_KEY comes first, and hides it" in said
    assert "Next: ki2api serve" not in said


def test_logging_in_again_replaces_and_logging_out_forgets(
    log_in: Callable[..., Any], launch: Launch, simulator: Simulator, folder: Path
) -> None:
    account = simulator.add_account("person", kind="builder-id")
    account.approve()
    first = ended(log_in("--builder-id", "--name", "me"))
    account.approve()
    status, said = ended(log_in("--builder-id", "--name", "me"))
    assert (first[0], status) == (0, 0), said
    assert "took the place" not in first[1]
    assert "took the place of an older login" in said

    status, said = ended(launch(["logout", "me"], folder, {}))

    assert (status, "Forgot the login me." in said) == (0, True)
    assert not (folder / "state" / "logins.json").exists()

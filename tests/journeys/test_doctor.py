"""`ki2api doctor`, tried as a new user would, on a simulated Kiro."""

import os
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ki2api.simulator import Simulator

HELLO = {"role": "user", "content": "Hi"}
Examined = tuple[int, str]


@pytest.fixture
def doctor(simulator: Simulator, configure: Any, launch: Any, tmp_path: Path) -> Any:
    """Runs the doctor on the settings that are there, or on those of a common gateway."""

    def doctor(*arguments: str, config: str | None = None, **environ: str) -> Examined:
        file = tmp_path / "config.toml"
        if not file.exists():
            configure(simulator)
        if config is not None:
            file.write_text(config)
        process = launch(["doctor", *arguments], tmp_path, environ)
        status = process.process.wait(60)
        process.stop()
        for account in simulator.accounts.values():
            for secret in (account.refresh_token, *account.access):
                assert secret not in process.text
        return status, process.text

    return doctor


def test_all_is_well(doctor: Any, simulator: Simulator) -> None:
    simulator.add_account("work", used=12.37)
    status, text = doctor(API_KEY="sk-own")
    assert status == 0, text
    for said in (
        "✓ config.toml: all right",
        "✓ state/state.json",
        "✓ [[accounts]]: work (social)",
        "· the Kiro IDE (~/.aws/sso/cache/kiro-auth-token.json): nothing",
        f"✓ {simulator.urls.runtime}",
        f"✓ {simulator.urls.auth}",
        " answers\n",
        "· work: social, in us-east-1",
        "✓ work: has a token until",
        "models by the profile arn:aws:codewhisperer:us-east-1:",
        "✓ work: KIRO PRO, 12.37 of 1,000 used, resets",
        "All is well.",
    ):
        assert said in text
    assert simulator.urls.oidc not in text
    assert "Traceback" not in text


def test_a_rotated_token_is_kept_for_the_gateway(
    doctor: Any, start: Any, simulator: Simulator
) -> None:
    work = simulator.add_account("work")
    token = work.refresh_token
    assert doctor()[0] == 0
    assert work.refreshes == 1
    accounts = f'[[accounts]]\nname = "work"\nrefresh-token = "{token}"\n'
    gateway = start(simulator, accounts=accounts)
    with gateway.http() as http:
        body = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}]}
        assert http.post("/v1/chat/completions", json=body).status_code == 200


def test_the_default_key_is_noted_and_harms_not(doctor: Any, simulator: Simulator) -> None:
    simulator.add_account("work")
    status, text = doctor()
    assert status == 0
    assert "! the default key is in force" in text
    assert "ki2api keys new" in text


def test_offline_nobody_is_called(doctor: Any, simulator: Simulator) -> None:
    simulator.add_account("work")
    status, text = doctor("--offline")
    assert status == 0
    assert "Network" not in text
    assert "Accounts" not in text
    assert simulator.refreshes == 0


def test_a_login_that_is_dead_gets_its_mend(doctor: Any, simulator: Simulator) -> None:
    simulator.add_account("work").revoke()
    status, text = doctor()
    assert status == 1
    assert "✗ work: " in text
    assert "ki2api login --name work" in text
    assert "take the tables away" in text
    assert "to mend." in text


def test_a_suspended_account_is_asked_once_and_then_left_alone(
    doctor: Any, simulator: Simulator
) -> None:
    simulator.add_account("work").suspend()
    status, text = doctor()
    assert status == 1
    assert "✗ work: no list of models: " in text
    assert "not asked while the account is quarantined" in text
    status, text = doctor()
    assert "✗ work: quarantined: " in text
    assert "ki2api accounts reset work" in text


def test_a_disabled_account_is_not_touched(
    doctor: Any, configure: Any, simulator: Simulator, tmp_path: Path
) -> None:
    work = simulator.add_account("work")
    configure(simulator)
    config = (tmp_path / "config.toml").read_text()
    refreshes = work.refreshes
    name = 'name = "work"\n'
    status, said = doctor(config=config.replace(name, f"{name}disabled = true\n"))
    assert status == 0
    assert "! work: disabled: " in said
    assert "take disabled = true away" in said
    assert "no account was seen that can serve now" in said
    assert "All is well" not in said
    assert work.refreshes == refreshes


def test_a_place_that_is_passed_over_is_named_and_its_login_not_spent(
    doctor: Any, configure: Any, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.add_account("work")
    configure(simulator)
    ide = simulator.add_account("ide")
    file = tmp_path / ".aws" / "sso" / "cache" / "kiro-auth-token.json"
    file.parent.mkdir(parents=True)
    login = {"refreshToken": ide.refresh_token, "authMethod": "social"}
    file.write_bytes(msgspec.json.encode(login))
    file.chmod(0o600)
    status, text = doctor()
    assert status == 0
    assert "not used: [[accounts]] wins" in text
    assert ide.refreshes == 0


def test_a_login_of_the_ide_that_works_is_not_rotated_away_from_it(
    doctor: Any, configure: Any, simulator: Simulator, tmp_path: Path
) -> None:
    configure(simulator)
    ide = simulator.add_account("ide")
    file = tmp_path / ".aws" / "sso" / "cache" / "kiro-auth-token.json"
    file.parent.mkdir(parents=True)
    login = {
        "refreshToken": ide.refresh_token,
        "accessToken": next(iter(ide.access)),
        "expiresAt": "2999-01-01T00:00:00Z",
        "authMethod": "social",
    }
    file.write_bytes(msgspec.json.encode(login))
    file.chmod(0o600)
    status, text = doctor()
    assert status == 0, text
    assert "models by the profile" in text
    assert ide.refreshes == 0


def test_without_any_account_the_ways_are_told(doctor: Any, simulator: Simulator) -> None:
    status, text = doctor()
    assert status == 1
    assert "✗ there is no account" in text
    assert "run `ki2api login`" in text
    assert f"✓ {simulator.urls.runtime}/us-east-1 can be reached; nothing was asked of it" in text
    assert "1 to mend." in text
    assert "reached" not in doctor("--offline")[1]


def test_a_place_that_cannot_be_read_is_told_with_its_mend(doctor: Any) -> None:
    status, text = doctor(KIRO_AUTH_CONFIG="[{")
    assert status == 1
    assert "✗ KIRO_AUTH_CONFIG is not JSON at line 1" in text


def test_broken_settings_are_told_all_at_once(doctor: Any) -> None:
    status, text = doctor(config='[server]\nprt = 1\n[log]\nformat = "xml"\n')
    assert status == 1
    assert "✗ config.toml:2: " in text
    assert "✗ config.toml:4: " in text
    assert "2 to mend." in text


def test_a_chain_that_cannot_work_is_told(doctor: Any) -> None:
    status, text = doctor(config='[[pipeline]]\nstage = "./gone.py"\nafter = "auth"\n')
    assert status == 1
    assert "✗ config.toml:2: " in text


def test_the_simulator_needs_nothing(doctor: Any) -> None:
    status, text = doctor(config='[upstream]\nkind = "simulator"\n[state]\npath = ""\n')
    assert status == 0
    assert "! the state is kept in memory" in text
    assert "✓ the simulator answers" in text


@pytest.mark.skipif(os.name != "posix", reason="modes mean little elsewhere")
def test_a_state_that_others_can_read_is_told(
    doctor: Any, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.add_account("work")
    doctor()
    (tmp_path / "state" / "state.json").chmod(0o644)
    status, text = doctor("--offline")
    assert status == 1
    assert "chmod 600 state/state.json" in text


def test_a_state_that_cannot_be_kept_is_told(doctor: Any, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file, no folder")
    status, text = doctor("--offline", config='[state]\npath = "blocked/state.json"\n')
    assert status == 1
    assert "✗ blocked is no folder: blocked/state.json cannot be made" in text
    assert "set [state] path to a file in a folder of your own" in text
    assert "chmod" not in text


def test_a_service_that_cannot_be_reached_is_told(doctor: Any, simulator: Simulator) -> None:
    work = simulator.add_account("work")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        text = f'[upstream]\napi-url = "{url}"\nmanagement-url = "{url}"\nauth-url = "{url}"\n'
        text += f'fallback-url = ""\n[[accounts]]\nrefresh-token = "{work.refresh_token}"\n'
        text += '[state]\npath = ""\n'
        status, said = doctor(config=text)
    assert status == 1
    assert f"✗ {url}: ConnectError" in said
    assert "is this machine online" in said


def test_a_gateway_that_is_at_work_is_asked_in_place_of_the_state(
    simulator: Simulator, start: Any, launch: Any, tmp_path: Path
) -> None:
    simulator.add_account("work", used=5)
    gateway = start(simulator)
    port = gateway.url.rpartition(":")[2]
    asked = launch(["doctor", "--port", port], tmp_path, {})
    assert asked.process.wait(60) == 0, asked.text
    asked.stop()
    assert f"✓ the gateway at http://127.0.0.1:{port} is at work; it says:" in asked.text
    assert "✓ work: KIRO PRO, 5 of 1,000 used" in asked.text
    lost = launch(["doctor"], tmp_path, {})
    assert lost.process.wait(60) == 1
    lost.stop()
    assert "does not answer at" in lost.text
    assert "--port N" in lost.text


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "the state is kept in memory"),
        ("kept", "kept is a folder, and no file"),
        ("blocked/state.json", "blocked is no folder"),
        ("link.json", "link.json is a symbolic link"),
        ("broken.json", "broken.json cannot be understood"),
        pytest.param(
            "/proc/ki2api/state.json",
            "/proc cannot be written",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc"),
        ),
    ],
)
def test_no_token_is_spent_where_its_successor_could_not_be_kept(
    doctor: Any, configure: Any, simulator: Simulator, tmp_path: Path, path: str, why: str
) -> None:
    work = simulator.add_account("work")
    (tmp_path / "kept").mkdir()
    (tmp_path / "blocked").write_text("a file, no folder")
    (tmp_path / "link.json").symlink_to("kept.json")
    (tmp_path / "broken.json").write_text("{")
    settings = _settings(
        configure, simulator, tmp_path, 'path = "state/state.json"', f'path = "{path}"'
    )
    status, text = doctor(config=settings)
    assert simulator.refreshes == 0
    assert f"! work: not refreshed: nothing could be kept, for {why}" in text
    assert status == (1 if path else 0)
    assert "All is well" not in text
    assert (tmp_path / "broken.json").read_text() == "{"
    assert work.requests == 0


def test_a_token_that_works_is_used_to_look_also_where_none_can_be_kept(
    doctor: Any, configure: Any, simulator: Simulator, tmp_path: Path
) -> None:
    settings = _settings(configure, simulator, tmp_path, 'path = "state/state.json"', 'path = ""')
    work = simulator.add_account("work")
    account = {"accessToken": next(iter(work.access)), "expiresAt": "2999-01-01T00:00:00Z"}
    listed = msgspec.json.encode([account | {"refreshToken": work.refresh_token}]).decode()
    status, text = doctor(config=settings, KIRO_AUTH_CONFIG=listed)
    assert status == 0, text
    assert "not refreshed: nothing could be kept" in text
    assert " models by the profile" in text
    assert "All is well." in text
    assert simulator.refreshes == 0


def _settings(configure: Any, simulator: Simulator, folder: Path, old: str, new: str) -> str:
    """Return the settings of a common gateway, with one line changed."""
    configure(simulator)
    text = (folder / "config.toml").read_text()
    assert old in text
    return text.replace(old, new)


def test_a_state_in_a_folder_with_other_files_is_right(
    doctor: Any, configure: Any, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.add_account("work")
    settings = _settings(
        configure, simulator, tmp_path, 'path = "state/state.json"', 'path = "state.json"'
    )
    tmp_path.chmod(0o755)
    status, text = doctor(config=settings)
    assert status == 0, text
    assert "! . is open to other users; state.json itself is made for you alone" in text
    assert "chmod" not in text


@pytest.mark.skipif(os.name != "posix", reason="modes mean little elsewhere")
def test_only_a_folder_of_the_state_alone_is_to_be_closed(
    doctor: Any, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.add_account("work")
    doctor()
    folder = tmp_path / "state"
    folder.chmod(0o755)
    status, text = doctor("--offline")
    assert status == 0
    assert "chmod 700 state" in text
    (folder / "holiday.jpg").touch()
    assert "chmod" not in doctor("--offline")[1]


def test_a_state_that_cannot_be_understood_is_told_and_left_where_it_is(
    doctor: Any, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.add_account("work")
    doctor()
    file = tmp_path / "state" / "state.json"
    file.write_text('{"accounts": 3}')
    (tmp_path / "state" / "state.json.corrupt-1").touch()
    for arguments in (["--offline"], []):
        status, text = doctor(*arguments)
        assert status == 1
        assert "✗ state/state.json cannot be understood" in text
        assert "! state/state.json.corrupt-1 is an earlier state" in text
    assert file.read_text() == '{"accounts": 3}'


def test_a_breaker_that_is_open_is_told_by_the_gateway_and_by_the_state(
    simulator: Simulator, start: Any, launch: Any, tmp_path: Path
) -> None:
    for name in ("work", "home", "third"):
        simulator.add_account(name)
    gateway = start(simulator)
    with gateway.http() as http:
        for name in ("work", "home"):
            simulator.accounts[name].suspend()
        for _ in range(3):
            http.post("/v1/chat/completions", json={"model": "auto", "messages": [HELLO]})
    port = gateway.url.rpartition(":")[2]
    refreshes = simulator.refreshes
    asked = launch(["doctor", "--port", port], tmp_path, {})
    assert asked.process.wait(60) == 1
    gateway.stop()
    alone = launch(["doctor"], tmp_path, {})
    assert alone.process.wait(60) == 1
    for doctor in (asked, alone):
        doctor.stop()
        assert "! All rest for " in doctor.text
        assert "ki2api accounts reset" in doctor.text
    assert simulator.refreshes == refreshes


def test_a_key_that_the_gateway_does_not_take_is_told_from_no_answer(
    simulator: Simulator, start: Any, launch: Any, tmp_path: Path
) -> None:
    simulator.add_account("work")
    port = start(simulator).url.rpartition(":")[2]
    process = launch(["doctor", "--port", port], tmp_path, {"API_KEY": "sk-wrong"})
    assert process.process.wait(60) == 1
    process.stop()
    assert "✗ the gateway at" in process.text
    assert "does not take this key" in process.text
    assert "set API_KEY" in process.text


def test_whoever_holds_the_port_is_noticed(
    simulator: Simulator, start: Any, launch: Any, tmp_path: Path
) -> None:
    gateway = start(simulator)
    away = tmp_path / "elsewhere"
    away.mkdir()
    (away / "config.toml").write_text(f'[upstream]\napi-url = "{simulator.urls.runtime}"\n')
    for url, said in (
        (gateway.url, "another gateway (a demo?) is at work at"),
        (simulator.urls.auth, "something that is no Ki2API answers"),
    ):
        process = launch(["doctor", "--port", url.rpartition(":")[2]], away, {})
        assert process.process.wait(60) == 1
        process.stop()
        assert said in process.text
        assert "there is no account" in process.text


def test_an_account_of_a_variable_is_mended_there(
    doctor: Any, configure: Any, simulator: Simulator, tmp_path: Path
) -> None:
    configure(simulator)
    work = simulator.add_account("work")
    work.revoke()
    status, text = doctor(KIRO_REFRESH_TOKEN=work.refresh_token)
    assert status == 1
    assert "put a new token into KIRO_REFRESH_TOKEN" in text
    assert "login --name" not in text


def test_json_is_for_programs(doctor: Any, simulator: Simulator) -> None:
    simulator.add_account("work")
    status, text = doctor("--json")
    report = msgspec.json.decode(text)
    assert status == 0
    assert report["well"]
    assert {finding["topic"] for finding in report["findings"]} == {
        "Settings",
        "State",
        "Places",
        "Network",
        "Accounts",
    }

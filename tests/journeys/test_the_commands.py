"""The commands of the front of the house, as processes."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from ki2api.keys import DEFAULT_KEY
from ki2api.settings import DEFAULT_CHAIN
from ki2api.simulator import Simulator


@pytest.fixture
def done(tmp_path: Path, launch: Any) -> Any:
    """Runs a command to its end, and returns its status and what it wrote."""

    def done(*arguments: str, **environ: str) -> tuple[int, str]:
        process = launch(list(arguments), tmp_path, environ)
        status = process.process.wait(30)
        process.stop()
        return status, process.text

    return done


def test_check_says_that_all_is_right(done: Any, tmp_path: Path) -> None:
    status, text = done("check")
    assert status == 0
    assert "defaults: all right" in text
    assert " ▶ ".join((*DEFAULT_CHAIN, "Kiro")) in text
    assert "accounts: none" in text
    (tmp_path / "config.toml").write_text('[[accounts]]\nname = "me"\nrefresh-token = "short"\n')
    status, text = done("check")
    assert status == 0
    assert "config.toml: all right" in text
    assert "accounts: 1 from" in text
    assert "looks cut off" in text
    with (tmp_path / "config.toml").open("a") as file:
        file.write("disabled = true\n")
    assert "accounts: 1 from [[accounts]], 1 of them disabled" in done("check")[1]
    assert not (tmp_path / ".local").exists()


def test_check_and_show_say_when_the_simulator_answers(done: Any, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[upstream]\nkind = "simulator"\n')
    for command in ("check", "show"):
        status, text = done(command, KIRO_AUTH_CONFIG="[{")
        assert status == 0
        assert "account-select ▶ the simulator" in text
        assert "accounts: those of the simulator" in text
        assert "Kiro" not in text.replace("docs", "")


def test_check_warns_of_an_order_that_repeats_one_account(done: Any, tmp_path: Path) -> None:
    stages = ["auth", "encode-stream", "normalize", "route", "account-select", "retry"]
    (tmp_path / "config.toml").write_text(
        "".join(f'[[pipeline]]\nstage = "{stage}"\n' for stage in stages)
    )
    status, text = done("check")
    assert status == 0
    assert "every attempt will use the same account" in text


def test_show_names_the_origin_of_each_value_and_no_secret(done: Any, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[server]\nport = 9001\napi-keys = ["file-key"]\n\n'
        '[[models]]\nname = "gpt-4o"\nmodel = "claude-sonnet-4.5"\n'
        '[[accounts]]\nname = "me"\nrefresh-token = "a-very-secret-refresh-token"\n'
    )
    status, text = done("show", KI2API_HOST="::1", API_KEY="sk-private")
    assert status == 0
    lines = {line.split(" = ")[0]: line for line in text.splitlines()}
    assert lines["port"].endswith("# config.toml:2")
    assert lines["host"].startswith('host = "::1"')
    assert lines["host"].endswith("# $KI2API_HOST")
    assert lines["api-keys"].startswith('api-keys = ["***"]')
    assert lines["api-keys"].endswith("# $API_KEY")
    assert lines["level"].endswith("# default")
    assert "# in:  client ▶ auth" in text
    assert "# out: Kiro ▶ account-select" in text
    assert "me (social, " in text
    for secret in ("sk-private", "file-key", "a-very-secret"):
        assert secret not in text


def test_show_names_each_setting_of_a_stage_and_where_it_comes_from(
    done: Any, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(
        '[[pipeline]]\nstage = "retry"\nattempts = 5\n'
        '[[pipeline]]\nstage = "fetch-images"\nlabel = "pictures"\nafter = "normalize"\n'
    )
    status, text = done("show")
    assert status == 0
    tables = text.partition("# accounts")[0].split("[[pipeline]]\n")[1:]
    shown = [[line.split(maxsplit=2) for line in table.split("\n")] for table in tables]
    retry = {line[0]: line[2] for line in shown[7] if line}
    assert retry["stage"].split() == ['"retry"', "#", "config.toml:2"]
    assert retry["attempts"].split() == ["5", "#", "config.toml:3"]
    assert retry["within-seconds"].split() == ["60.0", "#", "default"]
    pictures = {line[0]: line[2] for line in shown[3] if line}
    assert pictures["label"].split() == ['"pictures"', "#", "config.toml:6"]
    assert pictures["most"].endswith("# default")


def test_the_demo_says_which_settings_it_does_not_read(launch: Any, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[server]\nport = 9\n")
    demo = launch(["demo", "--port", "0"], tmp_path, {})
    url = demo.wait_for(r"Anthropic base URL\s+(http://\S+)")[1]
    demo.wait_for("config.toml is not read; --config config.toml uses it")
    demo.wait_for(f"ki2api accounts --url {url}")


def test_a_demo_that_reads_settings_passes_none_over(launch: Any, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    demo = launch(["demo", "--port", "0", "--config", "config.toml"], tmp_path, {})
    demo.wait_for("Unofficial")
    assert "is not read" not in demo.text


def test_the_schema_knows_every_setting(done: Any) -> None:
    status, text = done("show", "--schema")
    assert status == 0
    schema = msgspec.json.decode(text)
    tables = schema["$defs"]
    assert tables["ServerSettings"]["properties"]["port"]["maximum"] == 65535
    assert tables["AccountConfig"]["properties"]["refresh-token"]["anyOf"]
    stages = tables["Settings"]["properties"]["pipeline"]["items"]["allOf"]
    retry = next(one for one in stages if one["if"]["properties"]["stage"]["const"] == "retry")
    assert retry["then"]["properties"]["attempts"]["type"] == "integer"
    assert retry["then"]["properties"]["attempts"]["description"]
    assert retry["then"]["additionalProperties"] is False


def test_stages_lists_the_catalogue_and_also_a_stage_of_ones_own(done: Any, tmp_path: Path) -> None:
    status, text = done("stages")
    assert status == 0
    for stage in ("auth", "encode-stream", "normalize", "route", "emulate", "retry"):
        assert f"\n{stage}\n" in f"\n{text}"
    assert "attempts = 3  (integer)" in text
    (tmp_path / "mine.py").write_text('"""Greets."""\n\n\ndef request(flow):\n    pass\n')
    status, text = done("stages", "./mine.py")
    assert status == 0
    assert "Greets." in text
    status, text = done("stages", "rout")
    assert status == 2
    assert 'did you mean "route"' in text


def test_stages_lists_those_of_ones_own_settings_too(done: Any, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "mine.py").write_text('"""Greets."""\n\n\ndef request(flow):\n    pass\n')
    tables = '[[pipeline]]\nstage = "./mine.py"\nafter = "normalize"\n'
    (folder / "config.toml").write_text(tables)
    status, text = done("stages", "--config", "elsewhere/config.toml")
    assert status == 0
    assert "Greets." in text
    assert "attempts = 3  (integer)" in text


def test_stages_helps_also_while_the_settings_are_broken(done: Any, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[server")
    status, text = done("stages")
    assert status == 0
    assert "without the stages of your settings: config.toml:1: " in text
    assert "attempts = 3  (integer)" in text
    status, text = done("stages", "--config", "config.toml")
    assert status == 2


def test_the_demo_takes_a_pipeline_to_try(done: Any, launch: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from ki2api.errors import InvalidRequest\n\n\n"
        'def request(flow):\n    raise InvalidRequest("mine")\n'
    )
    (tmp_path / "mine.toml").write_text(
        '[[pipeline]]\nstage = "./mine.py"\nafter = "normalize"\n'
        '[[accounts]]\nname = "me"\nrefresh-token = "not used"\n'
    )
    demo = launch(["demo", "--port", "0", "--config", "mine.toml"], tmp_path, {})
    url = demo.wait_for(r"Anthropic base URL\s+(http://\S+)")[1]
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}]}
    answer = httpx.post(
        f"{url}/v1/chat/completions",
        json=body,
        headers={"x-api-key": DEFAULT_KEY},
        trust_env=False,
    )
    assert answer.json()["error"]["message"] == "mine"
    assert "the default key is in force" not in demo.text
    status, text = done("demo", "--config", "gone.toml")
    assert status == 2
    assert "gone.toml" in text


def test_accounts_and_health_ask_the_running_gateway(
    done: Any, simulator: Simulator, start: Any
) -> None:
    simulator.add_account("work").suspend()
    gateway = start(simulator)
    with gateway.http() as http:
        body = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Hi"}]}
        http.post("/v1/chat/completions", json=body)
    status, text = done("accounts", "--url", gateway.url, COLUMNS="160")
    assert status == 0
    assert "quarantined" in text
    assert "work" in text
    status, text = done("accounts", "--json", "--url", gateway.url)
    assert status == 0
    assert msgspec.json.decode(text)["accounts"][0]["state"] == "quarantined"
    status, text = done("health", "--url", gateway.url)
    assert status == 0
    assert text.startswith("degraded; 0 of 1 accounts ready")
    status, text = done("accounts", "reset", "nosuch", "--url", gateway.url)
    assert (status, "nosuch" in text, "answers 404" in text) == (1, True, False)
    status, text = done("accounts", "--url", gateway.url, API_KEY="wrong")
    assert status == 1
    assert "does not take this key: set API_KEY" in text
    gateway.stop()
    for command in ("health", "accounts"):
        status, text = done(command, "--url", gateway.url)
        assert status == 1
        assert "no gateway answers" in text
        assert "Traceback" not in text


def test_accounts_can_be_watched(launch: Any, tmp_path: Path, house: Any) -> None:
    gateway, _ = house
    arguments = ["accounts", "--watch", "--url", gateway.url]
    watching = launch(arguments, tmp_path, {"COLUMNS": "160"})
    watching.wait_for("first")
    assert watching.stop(2) == 0
    assert "Abort" not in watching.text
    assert "Traceback" not in watching.text


def test_a_new_key_works(done: Any, launch: Any, tmp_path: Path) -> None:
    status, text = done("keys", "new")
    assert status == 0
    key = text.splitlines()[0]
    demo = launch(["demo", "--port", "0"], tmp_path, {"API_KEY": key})
    url = demo.wait_for(r"Anthropic base URL\s+(http://\S+)")[1]
    answers = [
        httpx.get(f"{url}/v1/models", headers={"x-api-key": each}, trust_env=False).status_code
        for each in (key, DEFAULT_KEY)
    ]
    assert answers == [200, 401]
    assert done("keys", "new")[1].splitlines()[0] != key


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete(done: Any, shell: str) -> None:
    status, text = done("completion", shell)
    assert status == 0
    assert "_KI2API_COMPLETE" in text
    word = "se" if shell == "fish" else "1"  # fish tells the word itself, the others its number
    asked = {"COMP_WORDS": "ki2api se", "COMP_CWORD": word, "_KI2API_COMPLETE": f"{shell}_complete"}
    assert "serve" in done(**asked)[1]


def test_without_a_terminal_there_is_no_colour(done: Any) -> None:
    for command in (["--help"], ["stages"], ["check"]):
        assert "\x1b[" not in done(*command)[1]


def test_what_simulate_prints_is_enough_to_try_every_way_to_log_in(
    done: Any, launch: Any, tmp_path: Path
) -> None:
    simulate = launch(["simulate"], tmp_path, {})
    simulate.wait_for("curl -L")
    told = "".join(line for line in simulate.log if "Kiro is running" not in line)
    accounts = told.index("[[accounts]]")
    assert '# api-key = "ksk_' in told
    (tmp_path / "simulated.toml").write_text(told[:accounts])
    config = ("--config", "simulated.toml", "--no-browser")
    start_url = "https://d-0000000000.awsapps.com/start"
    for ways, name in ((["--builder-id"], "builder-id"), (["--start-url", start_url], "identity")):
        status, text = done("login", *config, *ways)
        assert status == 0, text
        assert f"Logged in as {name}" in text
        assert "Next: ki2api serve --config simulated.toml." in text
    login = launch(["login", *config], tmp_path, {})
    page = login.wait_for(r"^  (http\S+/signin\?\S+)$")[1]
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        assert browser.get(page).status_code == 200
    assert login.process.wait(30) == 0, login.text
    status, text = done("doctor", "--config", "simulated.toml")
    assert status == 0, text
    assert "All is well." in text

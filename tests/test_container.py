"""The files that put the product into a container agree with it, and give it no right too many."""

import re
import tomllib
from pathlib import Path, PurePosixPath

import msgspec
import pytest

from ki2api.accounts.sources.registration import CACHE
from ki2api.cli import cli
from ki2api.cli.running import LONGEST_END
from ki2api.settings import load

ROOT = Path(__file__).parent.parent
CONTAINERFILE = re.sub(r"\\\n|^#.*\n", "", (ROOT / "Containerfile").read_text(), flags=re.MULTILINE)
COMPOSE = (ROOT / "compose.yaml").read_text()
QUADLET = (ROOT / "docs" / "ki2api.container").read_text().splitlines()


def said(instruction: str, text: str = CONTAINERFILE) -> list[str]:
    """Return what stands after each such instruction."""
    return re.findall(rf"^{instruction} (.+)$", text, flags=re.MULTILINE)


FINAL = CONTAINERFILE[CONTAINERFILE.rindex("\nFROM ") :]
ENVIRON = dict(pair.split("=", 1) for line in said("ENV", FINAL) for pair in line.split())
COPIED = {word for line in said("COPY") if "--from" not in line for word in line.split()[:-1]}


def listed(key: str) -> list[str]:
    """Return the items of a list in compose.yaml."""
    items = re.search(rf"^    {key}:.*\n((?:      - .+\n)+)", COMPOSE, flags=re.MULTILINE)
    assert items, key
    return [line.strip().removeprefix("- ").strip('"') for line in items[1].splitlines()]


def test_every_stage_of_the_build_is_on_the_base_that_is_asked_for() -> None:
    assert said("ARG") == ["BASE=docker.io/library/python:3.13-slim"]
    assert [line.split()[0] for line in said("FROM")] == ["${BASE}", "${BASE}"]


def test_what_is_installed_is_locked() -> None:
    first, second = (line for line in said("RUN") if "pip" in line.split())
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:", "requirements.txt"} <= {
        *first.split()
    }
    assert second.endswith(" install --no-deps .")


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    ignored = (ROOT / ".containerignore").read_text().splitlines()
    assert ignored[1] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == COPIED
    assert all((ROOT / path).exists() for path in COPIED)


def test_the_image_runs_as_a_user_without_rights() -> None:
    assert said("USER", FINAL) == ["10001:0"]


def test_the_image_starts_the_product_and_asks_it_how_it_is() -> None:
    entry = msgspec.json.decode(said("ENTRYPOINT", FINAL)[0])
    command = msgspec.json.decode(said("CMD", FINAL)[0])
    probe = msgspec.json.decode(said("HEALTHCHECK", FINAL)[0].partition("CMD ")[2])
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert entry[0] == probe[0]
    assert entry[0] in scripts
    assert command == ["serve"]
    assert {*command, *probe[1:]} <= cli.commands.keys()


def test_the_image_settings_open_the_exposed_port_and_keep_state_where_a_volume_goes() -> None:
    settings = load(ENVIRON, ROOT / "config.example.toml").settings
    assert settings.server.host == "0.0.0.0"
    assert said("EXPOSE", FINAL) == [str(settings.server.port)]
    assert f"state:{PurePosixPath(settings.state.path).parent}" in listed("volumes")


def test_the_folders_of_the_image_can_be_written_by_its_group_under_any_umask() -> None:
    (made,) = (line.split() for line in said("RUN", FINAL))
    assert made[:6] == ["install", "-d", "-m", "0775", "-g", "0"]
    assert made[6:] == [ENVIRON["HOME"], str(PurePosixPath(ENVIRON["KI2API_STATE"]).parent)]


def test_compose_builds_this_image_and_publishes_to_this_machine_only() -> None:
    assert "      dockerfile: Containerfile\n" in COMPOSE
    (port,) = said("EXPOSE", FINAL)
    assert listed("ports") == [f"127.0.0.1:{port}:{port}"]


def test_compose_hands_on_every_variable_that_names_a_key_or_an_account() -> None:
    assert set(listed("environment")) == {
        "API_KEY",
        "KIRO_AUTH_CONFIG",
        "KIRO_API_KEY",
        "KIRO_ACCESS_TOKEN",
        "KIRO_REFRESH_TOKEN",
    }


def test_compose_reads_the_login_of_the_person_as_that_person() -> None:
    cache = CACHE.as_posix()
    assert f"~/{cache}:{ENVIRON['HOME']}/{cache}:ro" in listed("volumes")
    assert '    user: "${KI2API_UID:-1000}:0"\n' in COMPOSE


def test_compose_leaves_no_right_that_is_not_needed() -> None:
    assert "    read_only: true\n" in COMPOSE
    assert listed("tmpfs") == ["/tmp"]  # noqa: S108 - the container's own
    assert listed("cap_drop") == ["ALL"]
    assert listed("security_opt") == ["no-new-privileges:true"]
    assert not re.search(r"privileged: true|cap_add|network_mode|docker\.sock", COMPOSE)


@pytest.mark.parametrize(
    "line",
    [
        "PublishPort=127.0.0.1:8989:8989",
        "UserNS=keep-id:uid=10001,gid=10001",
        "User=10001",
        "Group=0",
        f"Volume=%h/{CACHE.as_posix()}:{ENVIRON['HOME']}/{CACHE.as_posix()}:ro",
        "Volume=ki2api-state:/state",
        "ReadOnly=true",
        "Tmpfs=/tmp",
        "DropCapability=all",
        "NoNewPrivileges=true",
        "HealthCmd=ki2api health",
    ],
)
def test_the_quadlet_is_as_strict_as_compose(line: str) -> None:
    assert line in QUADLET


def test_whoever_stops_the_container_waits_longer_than_its_end_can_take() -> None:
    drain = load({}, ROOT / "config.example.toml").settings.server.drain_seconds
    graces = re.findall(
        r"(?:stop_grace_period: |--stop-timeout[= ])(\d+)", COMPOSE + "\n".join(QUADLET)
    )
    assert len(graces) == 2
    assert all(int(grace) > drain + LONGEST_END for grace in graces)

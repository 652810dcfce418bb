"""Settings: where they come from, and what wins."""

import re
from pathlib import Path

import msgspec
import pytest

from ki2api.accounts.sources import Found
from ki2api.app import BUILT_IN, key_ring, proved
from ki2api.keys import DEFAULT_KEY, hashed, label
from ki2api.settings import (
    DEFAULT_CHAIN,
    KeySettings,
    Loaded,
    Settings,
    find_file,
    load,
    origin,
    overridden,
)
from pipeline import Secret, SettingsError, config_type, decode, decode_table

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    return path


def test_the_example_shows_the_defaults() -> None:
    settings = decode(EXAMPLE.read_text(), Settings, source="config.example.toml")
    chain = settings.pipeline
    assert tuple(table["stage"] for table in chain) == DEFAULT_CHAIN
    for table in chain:
        kind = config_type(BUILT_IN[table["stage"]])
        shown = {key: value for key, value in table.items() if key != "stage"}
        assert decode_table(shown, kind, where="", text="", source="") == kind()
    assert Settings(pipeline=chain) == settings


def test_the_example_names_every_setting() -> None:
    text = EXAMPLE.read_text()
    tables = [field.type for field in msgspec.structs.fields(Settings)][:4]
    tables.append(KeySettings)
    kinds = [*tables, *(config_type(stage) for stage in BUILT_IN.values())]
    for kind in kinds:
        for field in msgspec.structs.fields(kind):
            assert re.search(rf"^(# )?{field.encode_name} = ", text, re.MULTILINE), field


def test_no_file_at_all_means_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load({"XDG_CONFIG_HOME": str(tmp_path)})
    assert loaded.settings == Settings()
    assert loaded.source == "defaults"


def test_the_first_place_with_a_file_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "home")}
    home = tmp_path / "home" / "ki2api"
    home.mkdir(parents=True)
    in_home = write(home, "")
    assert find_file(environ, None) == in_home
    write(tmp_path, "")
    assert find_file(environ, None) == Path("config.toml")
    named = {**environ, "KI2API_CONFIG": "/etc/ki2api.toml"}
    assert find_file(named, None) == Path("/etc/ki2api.toml")
    assert find_file(named, Path("mine.toml")) == Path("mine.toml")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[server]\nhost = "::1"\nport = 1\napi-keys = ["a", "b"]\n')
    loaded = load({}, path)
    assert loaded.settings.server.api_keys == (Secret("a"), Secret("b"))
    assert (loaded.settings.server.host, loaded.folder) == ("::1", tmp_path)
    environ = {
        "API_KEY": "c",
        "KI2API_HOST": "0.0.0.0",
        "KI2API_PORT": "9000",
        "KI2API_STATE": "",
    }
    settings = load(environ, path).settings
    assert settings.server.api_keys == (Secret("c"),)
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 9000)
    assert settings.state.path == ""


@pytest.mark.parametrize("port", ["x", "-1", "65536", "²", "٨٩", " 80", "9" * 5000, ""])
def test_a_port_that_is_none_is_said_so(port: str) -> None:
    if not port:
        assert overridden(Settings(), {"KI2API_PORT": port}) == Settings()
        return
    with pytest.raises(SettingsError, match="KI2API_PORT"):
        overridden(Settings(), {"KI2API_PORT": port})


def test_faults_are_told_together_with_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path, '[server]\nprt = 1\n\n[upstream]\nkind = "kirro"\n')
    with pytest.raises(SettingsError) as caught:
        load({}, path)
    first, second = caught.value.faults
    assert "config.toml:2" in first
    assert '"port"' in first
    assert "config.toml:5" in second
    assert "kiro" in second


def test_a_key_of_ones_own_may_be_required() -> None:
    settings = decode("[server]\nrequire-own-key = true", Settings, source="x")
    for environ in ({}, {"API_KEY": DEFAULT_KEY}):
        with pytest.raises(SettingsError, match="API_KEY"):
            key_ring(Loaded(overridden(settings, environ)))
    assert not key_ring(Loaded(overridden(settings, {"API_KEY": "mine"}))).default_active


def test_named_keys_are_checked_together_with_their_lines(tmp_path: Path) -> None:
    one, two = (hashed(Secret(key)) for key in ("one", "two"))
    tables = [("a", one), ("a", two), ("b", two.upper().replace("SHA", "sha")), ("c d", "x")]
    text = "".join(f'[[keys]]\nname = "{name}"\nhash = "{key}"\n' for name, key in tables)
    path = write(tmp_path, f'[server]\napi-keys = ["one"]\n{text}')
    with pytest.raises(SettingsError) as caught:
        key_ring(load({}, path))
    faults = [fault.partition("config.toml:")[2] for fault in caught.value.faults]
    assert [fault.partition(": expected")[0] for fault in faults] == [
        "5: keys[0].hash: this key is there twice",
        '7: keys[1].name: another key is called "a", too',
        "11: keys[2].hash: this key is there twice",
        "13: keys[3].name",
        "14: keys[3].hash",
    ]


def test_a_named_key_is_a_key_of_ones_own(tmp_path: Path) -> None:
    table = f'[[keys]]\nname = "a"\nhash = "{hashed(Secret("one"))}"\n'
    path = write(tmp_path, f"[server]\nrequire-own-key = true\n{table}")
    assert not key_ring(load({}, path)).default_active
    ring = key_ring(load({"API_KEY": "two"}, path))
    names = {ring.admit({"x-api-key": key}, "8.8.8.8") for key in ("one", "two")}
    assert names == {"a", label(Secret("two"))}


def test_an_own_key_of_blanks_is_none_and_is_warned_about(tmp_path: Path) -> None:
    path = write(tmp_path, '[server]\napi-keys = ["a"]\n')
    blank = load({"API_KEY": "  "}, path)
    assert blank.settings.server.api_keys == (Secret("a"),)
    assert blank.warnings == ("API_KEY holds nothing but blanks, so it counts as not set",)
    assert origin(blank, "server", "api-keys", {"API_KEY": "  "}).endswith("config.toml:2")
    padded = load({"API_KEY": " mine "}, path)
    assert (padded.settings.server.api_keys, padded.warnings) == ((Secret("mine"),), ())
    assert proved(blank, Found()).warnings[:1] == list(blank.warnings)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_told_to_be_unused(tmp_path: Path, name: str) -> None:
    environ = {name: "http://me:hush@proxy.test"}
    (note,) = load(environ, write(tmp_path, "")).notes
    assert note.startswith(f"{name} is not used: set `proxy` in [upstream]")
    assert "hush" not in note
    assert load(environ, write(tmp_path, '[upstream]\nproxy = "http://p"\n')).notes == ()
    assert load(environ, write(tmp_path, '[upstream]\nkind = "simulator"\n')).notes == ()


def test_a_mark_of_the_byte_order_is_no_part_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[server]\nport = 9001\n", "utf-8-sig")
    loaded = load({}, path)
    assert loaded.settings.server.port == 9001
    assert origin(loaded, "server", "port", {}).endswith(":2")


@pytest.mark.parametrize(
    ("host", "who"),
    [
        ("127.0.0.1", "this machine can"),
        ("localhost", "this machine can"),
        ("::1", "this machine can"),
        ("0.0.0.0", "this machine and its private networks can"),
        ("gateway.lan", "this machine and its private networks can"),
    ],
)
def test_the_default_key_is_warned_of_as_far_as_it_reaches(host: str, who: str) -> None:
    settings = overridden(Settings(), {"KI2API_HOST": host})
    (warning,) = proved(Loaded(settings), Found()).warnings
    assert f"anybody on {who} use your account" in warning


def test_an_alias_that_leads_nowhere_or_comes_twice_is_warned_of(tmp_path: Path) -> None:
    pairs = [
        ("gpt-4o", "claude-sonnnet-4.5"),
        ("GPT-4o", "claude-sonnet-4.5"),
        ("me", "me"),
        ("short", "auto"),
    ]
    tables = (f'[[models]]\nname = "{name}"\nmodel = "{model}"\n' for name, model in pairs)
    loaded = load({}, write(tmp_path, "".join(tables)))
    warned = [each for each in proved(loaded, Found()).warnings if "alias" in each]
    unknown = "a model that is not known"
    assert [each.removeprefix(f"{loaded.source}:") for each in warned] == [
        '1: the alias "gpt-4o" is declared again below',
        f'3: the alias "gpt-4o" leads to "claude-sonnnet-4.5", {unknown} - did you mean "claude-sonnet-4.5"?',
        f'9: the alias "me" leads to "me", {unknown}',
    ]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "is empty"),
        ("...", "is the dots of an example"),
        ("two words of mine", "has blanks, or signs beyond ASCII"),
        ("中文密钥", "has blanks, or signs beyond ASCII"),
    ],
)
def test_what_can_be_no_key_is_refused(key: str, said: str, tmp_path: Path) -> None:
    loaded = load({}, write(tmp_path, f'[server]\napi-keys = ["a-key-that-is-fine", "{key}"]\n'))
    with pytest.raises(
        SettingsError, match=r":2: server.api-keys\[1\]: this key \(or that of API_KEY\) "
    ) as caught:
        proved(loaded, Found())
    assert said in str(caught.value)
    assert not key or key == "..." or key not in str(caught.value)


@pytest.mark.parametrize(("key", "warned"), [("short", True), ("a-key-that-is-fine", False)])
def test_a_short_key_is_warned_of_and_not_shown(key: str, warned: bool) -> None:  # noqa: FBT001 - a case
    warnings = proved(Loaded(overridden(Settings(), {"API_KEY": key})), Found()).warnings
    assert any("fewer than 16 characters" in each for each in warnings) is warned
    assert not any("short" in each for each in warnings)

from pathlib import Path

import pytest

from ki2api.accounts.sources.folders import database_paths, profile_path

HOME = Path("/home/me")
PROFILE = "User/globalStorage/kiro.kiroagent/profile.json"


@pytest.mark.parametrize(
    ("platform", "environ", "folders"),
    [
        ("linux", {}, ["/home/me/.local/share"]),
        ("linux", {"XDG_DATA_HOME": "/data"}, ["/data"]),
        ("linux", {"XDG_DATA_HOME": "relative"}, ["/home/me/.local/share"]),
        ("linux", {"XDG_DATA_HOME": ""}, ["/home/me/.local/share"]),
        ("darwin", {"XDG_DATA_HOME": "/data"}, ["/home/me/Library/Application Support"]),
        ("win32", {}, ["/home/me/AppData/Local", "/home/me/AppData/Roaming"]),
        ("win32", {"LOCALAPPDATA": "/l", "APPDATA": "/r"}, ["/l", "/r"]),
    ],
)
def test_databases_are_sought_where_each_system_keeps_data(
    platform: str, environ: dict[str, str], folders: list[str]
) -> None:
    paths = database_paths(HOME, environ, platform)

    assert list(paths) == ["kiro-cli", "amazon-q"]
    for program, places in paths.items():
        assert places == tuple(Path(folder) / program / "data.sqlite3" for folder in folders)


@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {}, "/home/me/.config/Kiro"),
        ("linux", {"XDG_CONFIG_HOME": "/etc/me"}, "/etc/me/Kiro"),
        ("darwin", {}, "/home/me/Library/Application Support/Kiro"),
        ("win32", {}, "/home/me/AppData/Roaming/Kiro"),
        ("win32", {"APPDATA": "/r"}, "/r/Kiro"),
    ],
)
def test_the_profile_is_sought_where_each_system_keeps_settings(
    platform: str, environ: dict[str, str], folder: str
) -> None:
    assert profile_path(HOME, environ, platform) == Path(folder, PROFILE)

"""Where the programs that log in to Kiro keep their files, on each kind of system."""

from collections.abc import Mapping
from pathlib import Path

_PROFILE = Path("User", "globalStorage", "kiro.kiroagent", "profile.json")
KIRO_CLI, AMAZON_Q = "kiro-cli", "amazon-q"


def database_paths(
    home: Path, environ: Mapping[str, str], platform: str
) -> dict[str, tuple[Path, ...]]:
    """Return where each program may keep its database, the likeliest first (docs/kiro.md §1.6)."""
    if platform == "win32":
        folders: tuple[Path, ...] = tuple(_windows_folders(home, environ).values())
    elif platform == "darwin":
        folders = (home / "Library" / "Application Support",)
    else:
        folders = (_xdg_folder(environ, "XDG_DATA_HOME", home / ".local" / "share"),)
    return {
        program: tuple(folder / program / "data.sqlite3" for folder in folders)
        for program in (KIRO_CLI, AMAZON_Q)
    }


def profile_path(home: Path, environ: Mapping[str, str], platform: str) -> Path:
    """Return where the IDE keeps the profile it works with (docs/kiro.md §1.7)."""
    if platform == "win32":
        return _windows_folders(home, environ)["APPDATA"] / "Kiro" / _PROFILE
    if platform == "darwin":
        return home / "Library" / "Application Support" / "Kiro" / _PROFILE
    return _xdg_folder(environ, "XDG_CONFIG_HOME", home / ".config") / "Kiro" / _PROFILE


def _windows_folders(home: Path, environ: Mapping[str, str]) -> dict[str, Path]:
    usual = {"LOCALAPPDATA": "Local", "APPDATA": "Roaming"}
    return {
        name: Path(environ.get(name) or home / "AppData" / folder) for name, folder in usual.items()
    }


def _xdg_folder(environ: Mapping[str, str], name: str, usual: Path) -> Path:
    """Return a folder of the XDG standard, which wants a relative one to be passed over."""
    given = Path(environ.get(name, ""))
    return given if given.is_absolute() else usual

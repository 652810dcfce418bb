"""What holds as long as the process lives."""

from pathlib import Path

from ki2api.reload.fixed import held_fast
from ki2api.settings import Loaded, load


def loaded(folder: Path, text: str) -> Loaded:
    (folder / "config.toml").write_text(text)
    return load({}, folder / "config.toml")


def test_what_cannot_change_stays_and_is_named_with_its_line(tmp_path: Path) -> None:
    before = loaded(tmp_path, "")
    after = loaded(
        tmp_path,
        '[server]\nport = 1\nmax-body-mib = 2\n[state]\npath = "other"\n'
        '[upstream]\nkind = "simulator"\n',
    )
    taken, warnings = held_fast(before, after)
    assert taken.settings.server.port == 8989
    assert taken.settings.state == before.settings.state
    assert taken.settings.upstream.kind == "kiro"
    assert taken.settings.server.max_body_mib == 2
    source = tmp_path / "config.toml"
    assert warnings == [
        f"{source}:2: server.port cannot change while serving: it stays 8989 until a restart",
        f"{source}:5: state.path cannot change while serving: it stays '~/.local/state/ki2api/state.json' until a restart",
        f"{source}:7: upstream.kind cannot change while serving: it stays 'kiro' until a restart",
    ]


def test_where_nothing_of_it_changes_nothing_is_said(tmp_path: Path) -> None:
    before = loaded(tmp_path, "")
    after = loaded(tmp_path, '[log]\nlevel = "debug"\n')
    assert held_fast(before, after) == (after, [])

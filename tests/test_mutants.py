"""Changes are made one at a time, and a test that would notice one does."""

from pathlib import Path

from tests.mutants import mutants, noticed

SOURCE = '''"""Says whether."""


def is_so(a: int, b: bool) -> bool:
    if not b:
        raise ValueError
    return a < 3 and b
'''
TEST = "from source import is_so\n\n\ndef test():\n    assert is_so(2, True)\n    assert not is_so(3, True)\n"


def test_each_changed_source_differs_in_one_thing() -> None:
    found = list(mutants(SOURCE))
    assert {what for _, what, _ in found} == {
        "not b -> b",
        "raise ValueError -> pass",
        "return a < 3 and b -> return None",
        "And -> Or",
        "Lt -> LtE",
        "3 -> 4",
    }
    assert len({text for *_, text in found}) == len(found)
    assert {line for line, *_ in found} <= {5, 6, 7}


def test_a_change_that_a_test_asks_for_is_noticed_and_another_is_not(tmp_path: Path) -> None:
    (tmp_path / "test_source.py").write_text(TEST)
    changed = {what: text for _, what, text in mutants(SOURCE)}
    (tmp_path / "source.py").write_text(changed["Lt -> LtE"])
    assert noticed(tmp_path, ["test_source.py"])
    (tmp_path / "source.py").write_text(changed["raise ValueError -> pass"])
    assert not noticed(tmp_path, ["test_source.py"])

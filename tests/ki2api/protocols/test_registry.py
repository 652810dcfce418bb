from pathlib import Path

import pytest

import ki2api.protocols
from ki2api.protocols.registry import DIALECTS


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_goes_by_the_name_of_its_package(name: str) -> None:
    assert DIALECTS[name].name == name.replace("-", "_")


def test_every_dialect_is_there() -> None:
    (folder,) = ki2api.protocols.__path__
    packages = {path.parent.name for path in Path(folder).glob("*/__init__.py")}
    assert {"anthropic", "openai_chat"} <= packages
    assert set(DIALECTS) == {name.replace("_", "-") for name in packages}

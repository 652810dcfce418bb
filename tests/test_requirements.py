"""The lock file holds all that the product needs to run, fixed by version and hash, and no more."""

import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from tests.supply.lock import HASH, LOCK, PIN, ROOT, pins

LINES = LOCK.read_text().splitlines()
PINS = pins(LOCK.read_text())
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]


def locked(name: str) -> Distribution | None:
    """Return an installed package, unless it is another version than the locked one."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    return found if found.version == PINS[name].version else None


def needs(name: str) -> list[Requirement]:
    """Return what a locked package needs on this machine, as far as it is installed."""
    package = locked(name)
    wanted = [Requirement(text) for text in (package and package.requires) or []]
    return [each for each in wanted if not each.marker or each.marker.evaluate({"extra": ""})]


def nearby(names: set[NormalizedName]) -> set[NormalizedName]:
    return {canonicalize_name(each.name) for name in names for each in needs(name)}


def test_every_line_is_a_pinned_version_or_one_of_its_hashes() -> None:
    for line, after in zip(LINES, [*LINES[1:], ""], strict=True):
        hashed = HASH.fullmatch(line)
        assert hashed or PIN.fullmatch(line), line
        # What goes on is a hash, and a hash follows only what goes on.
        assert (hashed is None or bool(hashed["more"])) == bool(HASH.fullmatch(after)), line


@pytest.mark.parametrize("text", DECLARED)
def test_a_declared_dependency_is_locked_at_a_version_that_it_admits(text: str) -> None:
    wanted = Requirement(text)
    assert wanted.specifier.contains(PINS[canonicalize_name(wanted.name)].version)


@pytest.mark.parametrize("name", PINS)
def test_what_a_locked_package_needs_is_locked_too(name: str) -> None:
    for wanted in needs(name):
        assert wanted.specifier.contains(PINS[canonicalize_name(wanted.name)].version), wanted


def test_nothing_is_locked_that_the_product_does_not_need() -> None:
    everywhere = {name for name, pin in PINS.items() if not pin.marker}
    if strange := {name for name in everywhere if locked(name) is None}:
        pytest.skip(f"other versions are installed here: {sorted(strange)}")
    reached = {canonicalize_name(Requirement(text).name) for text in DECLARED}
    while not nearby(reached) <= reached:
        reached |= nearby(reached)
    assert everywhere <= reached

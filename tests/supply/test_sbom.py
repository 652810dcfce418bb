"""The bill of materials names all that is locked, and who needs it."""

import msgspec
import pytest

from tests.supply.lock import LOCK, pins
from tests.supply.sbom import PRODUCT, bill, purl

PINS = pins(LOCK.read_text())


def test_a_lock_is_read_with_its_markers_and_hashes() -> None:
    text = "a==1.0 \\\n    --hash=sha256:{0} \\\n    --hash=sha256:{1}\nb==2 ; x == 'y' \\\n    --hash=sha256:{0}\n"
    read = pins(text.format("0" * 64, "1" * 64))

    assert read["a"].hashes == ("0" * 64, "1" * 64)
    assert (read["b"].version, read["b"].marker, len(read["b"].hashes)) == ("2", "x == 'y'", 1)


def test_everything_locked_is_in_it_with_its_hashes_and_reached_from_the_product() -> None:
    try:
        document = bill(PINS)
    except SystemExit as other:
        pytest.skip(f"other versions are installed here: {other}")
    components = {each["purl"]: each for each in document["components"]}
    assert components.keys() == {purl(pin) for pin in PINS.values()}
    for pin in PINS.values():
        assert [each["content"] for each in components[purl(pin)]["hashes"]] == list(pin.hashes)
        assert pin.marker or components[purl(pin)]["licenses"], pin.name
    needs = {each["ref"]: each["dependsOn"] for each in document["dependencies"]}
    reached, waiting = set[str](), [PRODUCT]
    while waiting:
        if (name := waiting.pop()) not in reached:
            reached.add(name)
            waiting += needs[name]
    assert reached == {PRODUCT, *components}
    assert b"://" not in msgspec.json.encode(document)

"""Writes the bill of materials of all that runs, as CycloneDX: `python -m tests.supply.sbom`.

Names, versions and hashes are those of requirements.txt; licences and who needs whom are those of
the packages that are installed here, which must be of the locked versions.
"""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

import msgspec
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import ki2api
from tests.supply.lock import LOCK, ROOT, Pin, pins

PRODUCT = f"pkg:pypi/ki2api@{ki2api.__version__}"


def bill(locked: Mapping[str, Pin]) -> dict[str, Any]:
    """Return the document; raises SystemExit where another version is installed than is locked."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": PRODUCT,
                "name": "ki2api",
                "version": ki2api.__version__,
                "purl": PRODUCT,
                "licenses": [{"license": {"id": "MIT"}}],
            },
        },
        "components": [component(pin) for pin in locked.values()],
        "dependencies": [
            {"ref": PRODUCT, "dependsOn": sorted(needed(declared, locked))},
            *(
                {"ref": purl(pin), "dependsOn": sorted(needed(requires(pin), locked))}
                for pin in locked.values()
            ),
        ],
    }


def component(pin: Pin) -> dict[str, Any]:
    """Describe one package."""
    described: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl(pin),
        "name": pin.name,
        "version": pin.version,
        "purl": purl(pin),
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in pin.hashes],
    }
    if names := licences(pin):
        described["licenses"] = [{"license": {"name": name}} for name in names]
    if pin.marker:
        described["properties"] = [{"name": "ki2api:marker", "value": pin.marker}]
    return described


def purl(pin: Pin) -> str:
    """Return the address of a package that is known everywhere."""
    return f"pkg:pypi/{pin.name}@{pin.version}"


def licences(pin: Pin) -> list[str]:
    """Return what a package says of its licence: an expression, or its classifiers, or a word."""
    try:
        told = distribution(pin.name).metadata.json
    except PackageNotFoundError:
        return []
    if expression := told.get("license_expression"):
        return [str(expression)]
    classes = [line for line in told.get("classifier", ()) if line.startswith("License ::")]
    return [line.rpartition(" :: ")[2] for line in classes] or [
        str(told.get("license", "unknown")).split("\n")[0]
    ]


def requires(pin: Pin) -> list[str]:
    """Return what a package needs; one for other systems may be missing here."""
    try:
        installed = distribution(pin.name)
    except PackageNotFoundError:
        if pin.marker:
            return []
        sys.exit(f"{pin.name} is not installed: install requirements.txt first")
    if installed.version != pin.version:
        sys.exit(f"{pin.name} is {installed.version} here, and {pin.version} in requirements.txt")
    return installed.requires or []


def needed(texts: list[str], locked: Mapping[str, Pin]) -> Iterator[str]:
    """Yield the locked packages that are required, on any system but without extras."""
    for requirement in map(Requirement, texts):
        name = canonicalize_name(requirement.name)
        optional = requirement.marker and "extra" in str(requirement.marker)
        if name in locked and not optional:
            yield purl(locked[name])


if __name__ == "__main__":
    document = msgspec.json.format(msgspec.json.encode(bill(pins(LOCK.read_text()))))
    sys.stdout.write(f"{document.decode()}\n")

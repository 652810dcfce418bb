"""Audits all that runs for known weaknesses: `python -m tests.supply.audit`, by pip-audit.

pip-audit says that it found none also where its service knows nothing at all. So a package whose
weaknesses are known is asked for with the others: where it is not reported, nothing was audited,
and that is what is said.

Exit status: 1 where a package has a known weakness or was passed over. Where nothing could be
audited it is 0, so that a machine without a way to the service can run the checks; with
KI2API_AUDIT=required it is 1 then, too.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec import Struct

from tests.supply.lock import LOCK, pins

CONTROL = "jinja2"
CONTROL_VERSION = "2.4.1"
"""Of 2010; its advisories are as old as the databases."""


class Weakness(Struct):
    """One that is known."""

    id: str
    fix_versions: list[str] = []


class Audited(Struct):
    """What is said of one package."""

    name: str
    version: str = ""
    skip_reason: str = ""
    vulns: list[Weakness] = []


class Report(Struct):
    """What pip-audit writes."""

    dependencies: list[Audited]


class Verdict(Struct, frozen=True):
    """What is to be said, and how it ends."""

    lines: tuple[str, ...]
    status: int


def judged(report: Report | None, wanted: Sequence[str], *, required: bool) -> Verdict:
    """Judge a report; None stands for a service that did not answer."""
    said = {each.name: each for each in report.dependencies} if report else {}
    control = said.get(CONTROL)
    if control is None or not control.vulns:
        why = f"the service does not report {CONTROL} {CONTROL_VERSION}, whose weaknesses are known"
        line = f"NOT AUDITED: {why if report else 'pip-audit came to no report'}."
        return Verdict(
            (line, "Nothing is said of the packages in requirements.txt."), int(required)
        )
    faults = [line for name in wanted for line in faults_of(name, said.get(name))]
    if faults:
        return Verdict(tuple(faults), 1)
    return Verdict((f"audited: {len(wanted)} packages, none with a known weakness",), 0)


def faults_of(name: str, audited: Audited | None) -> list[str]:
    """Say what is wrong with one package."""
    if audited is None:
        return [f"{name}: passed over: it is not in the report"]
    if audited.skip_reason:
        return [f"{name}: passed over: {audited.skip_reason}"]
    return [
        f"{name} {audited.version}: {each.id}, mended in {', '.join(each.fix_versions) or 'none'}"
        for each in audited.vulns
    ]


def asked() -> Report | None:
    """Let pip-audit ask for the locked versions and the control."""
    lines = [f"{pin.name}=={pin.version}" for pin in pins(LOCK.read_text()).values()]
    with TemporaryDirectory() as folder:
        listed = Path(folder, "requirements.txt")
        listed.write_text("\n".join([*lines, f"{CONTROL}=={CONTROL_VERSION}"]))
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(listed), "--no-deps"]
        ran = subprocess.run(
            [*command, "--disable-pip", "--progress-spinner=off", "--format=json"],
            capture_output=True,
            check=False,
        )
    try:
        return msgspec.json.decode(ran.stdout, type=Report)
    except msgspec.DecodeError:
        sys.stderr.buffer.write(ran.stderr[-500:])
        return None


def main() -> None:
    """Ask, judge, and say so."""
    required = os.environ.get("KI2API_AUDIT") == "required"
    verdict = judged(asked(), list(pins(LOCK.read_text())), required=required)
    sys.stdout.write("".join(f"{line}\n" for line in verdict.lines))
    sys.exit(verdict.status)


if __name__ == "__main__":
    main()

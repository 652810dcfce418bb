"""A certificate for the stub, made on the fly by openssl."""

import subprocess
from pathlib import Path

from msgspec import Struct


class Certificate(Struct, frozen=True):
    """A certificate that signs itself, and its key."""

    chain: Path
    key: Path


def certificate(folder: Path) -> Certificate:
    """Make one for localhost."""
    made = Certificate(folder / "stub.pem", folder / "stub.key")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-addext", "basicConstraints=critical,CA:TRUE"),
            *("-out", str(made.chain), "-keyout", str(made.key)),
        ],
        check=True,
        capture_output=True,
    )
    return made

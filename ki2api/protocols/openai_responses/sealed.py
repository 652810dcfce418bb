"""The `encrypted_content` of items: what is opaque to the client, in a form of our own.

Nothing in it is secret: a signature or a blob of the model, or the words of a summary.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

_OURS = "ki2api.1."


class Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an item brings back with it."""

    signature: str = ""
    redacted: str = ""
    summary: str = ""


_DECODER = msgspec.json.Decoder(Sealed)


def seal(sealed: Sealed) -> str | None:
    """Write it, or nothing where there is nothing."""
    if sealed == Sealed():
        return None
    return _OURS + urlsafe_b64encode(msgspec.json.encode(sealed)).decode()


def unseal(text: str) -> Sealed | None:
    """Read it; None for what another server wrote, or what was changed on its way."""
    if not text.startswith(_OURS):
        return None
    try:
        return _DECODER.decode(urlsafe_b64decode(text.removeprefix(_OURS)))
    except (ValueError, msgspec.DecodeError):
        return None

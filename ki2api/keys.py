"""Which keys open the door, and from where the documented default key may be used.

The default key is public knowledge, so it is taken from this machine and private networks only, and
a proxy in between can make the rule stricter, never looser.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest
from re import compile as pattern

from msgspec import Struct

from ki2api.errors import Unauthenticated
from ki2api.nearness import near
from pipeline.secret import Secret

DEFAULT_KEY = "ki2api-key-2024"
SHORTEST = 16
"""Characters of a key that is not warned of."""
_NAME = pattern(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_KIND = "sha256:"
_HASH = pattern(_KIND + r"[0-9a-f]{64}")
_NONE = "No API key came: send it as 'Authorization: Bearer KEY' or as 'x-api-key: KEY'."
_WRONG = "This API key is not one of the gateway's."
_REPLACED = (
    "The default key no longer works, since a key of its owner's own is in force here: send that."
)
_FAR = (
    "The default key works from this machine and private networks only:"
    " set API_KEY to a key of your own."
)


class NamedKey(Struct, frozen=True):
    """A key by a name that may be logged and a hash that opens nothing; itself it is not kept."""

    name: str
    hash: str
    """Of its bytes, as `sha256:` and 64 hexadecimal digits."""

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong with it, by the field."""
        faults = {}
        if not _NAME.fullmatch(self.name):
            said = "expected up to 64 letters, digits and ._@-, the first a letter or a digit"
            faults["name"] = said
        if not _HASH.fullmatch(self.hash):
            said = 'expected "sha256:" and 64 hexadecimal digits, as `ki2api keys new` writes them'
            faults["hash"] = said
        return faults


class KeyRing:
    """The keys that are valid, each known by a name that may be logged."""

    def __init__(self, keys: Sequence[Secret], named: Sequence[NamedKey] = ()) -> None:
        whole = [*(NamedKey(label(key), hashed(key)) for key in keys), *named]
        self._keys = [(key.name, bytes.fromhex(key.hash.removeprefix(_KIND))) for key in whole]
        self._default = sha256(DEFAULT_KEY.encode()).digest()
        self.default_active = any(key == self._default for _, key in self._keys)
        """Whether the documented default key opens the door."""

    def admit(self, headers: Mapping[str, str], peer: str) -> str:
        """Return the name of the key that was sent; raises Unauthenticated."""
        sent = _sent(headers)
        # ASGI's header texts are Latin-1 for bytes, so this gives back the bytes that were sent.
        digest = sha256(sent.encode("latin-1", "replace")).digest()
        # Every key is compared, so that the time taken tells nothing.
        matches = [name for name, key in self._keys if compare_digest(key, digest)]
        if not sent:
            raise Unauthenticated(_NONE)
        is_default = compare_digest(self._default, digest)
        if not matches:
            raise Unauthenticated(_REPLACED if is_default else _WRONG)
        if is_default and not near(headers, peer):
            raise Unauthenticated(_FAR)
        return matches[0]


def key_fault(key: Secret) -> str:
    """Say why no client could send a key, or why it is none; nothing where it is one."""
    text = key.reveal()
    if not text:
        return "is empty"
    if not text.strip(".…"):
        return "is the dots of an example: put one of your own there (ki2api keys new)"
    if not all("!" <= each <= "~" for each in text):
        return "has blanks, or signs beyond ASCII, which clients cannot send"
    return ""


def is_short(key: Secret) -> bool:
    """Tell whether a key of one's own could be guessed."""
    return len(key.reveal()) < SHORTEST and key.reveal() != DEFAULT_KEY


def label(key: Secret) -> str:
    """Return a name for a key that gives nothing of it away."""
    if key.reveal() == DEFAULT_KEY:
        return "default"
    return "key-" + sha256(b"label:" + key.reveal().encode()).hexdigest()[:6]


def hashed(key: Secret) -> str:
    """Return what a settings file may hold in place of a key; it is safe for random keys only."""
    return _KIND + sha256(key.reveal().encode()).hexdigest()


def _sent(headers: Mapping[str, str]) -> str:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    bearer = bearer.strip() if scheme.lower() == "bearer" else ""
    plain = headers.get("x-api-key", "").strip()
    if bearer and plain and bearer != plain:
        raise Unauthenticated("'Authorization' and 'x-api-key' bring two different keys: send one.")
    return bearer or plain

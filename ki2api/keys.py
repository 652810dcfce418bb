"""Which keys open the door, and from where the documented default key may be used.

The default key is public knowledge, so it is taken from this machine and private networks only, and
a proxy in between can make the rule stricter, never looser.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest

from ki2api.errors import Unauthenticated
from ki2api.nearness import near
from pipeline.secret import Secret

DEFAULT_KEY = "ki2api-key-2024"
_WRONG = (
    "The API key is missing or not a right one: send it as 'Authorization: Bearer KEY'"
    " or as 'x-api-key: KEY'."
)
_FAR = (
    "The default key works from this machine and private networks only:"
    " set API_KEY to a key of your own."
)


class KeyRing:
    """The keys that are valid, each known by a short label that may be logged."""

    def __init__(self, keys: Sequence[Secret]) -> None:
        self._keys = tuple(
            (label(key), sha256(key.reveal().encode()).digest(), key.reveal() == DEFAULT_KEY)
            for key in keys
        )

    @property
    def default_active(self) -> bool:
        """Whether the documented default key opens the door."""
        return any(default for _, _, default in self._keys)

    def admit(self, headers: Mapping[str, str], peer: str) -> str:
        """Return the label of the key that was sent; raises Unauthenticated."""
        sent = _sent(headers)
        # ASGI's header texts are Latin-1 for bytes, so this gives back the bytes that were sent.
        digest = sha256(sent.encode("latin-1", "replace")).digest()
        # Every key is compared, so that the time taken tells nothing.
        matches = [entry for entry in self._keys if compare_digest(entry[1], digest)]
        if not sent or not matches:
            raise Unauthenticated(_WRONG)
        name, _, default = matches[0]
        if default and not near(headers, peer):
            raise Unauthenticated(_FAR)
        return name


def label(key: Secret) -> str:
    """Return a name for a key that gives nothing of it away."""
    if key.reveal() == DEFAULT_KEY:
        return "default"
    return "key-" + sha256(b"label:" + key.reveal().encode()).hexdigest()[:6]


def _sent(headers: Mapping[str, str]) -> str:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    bearer = bearer.strip() if scheme.lower() == "bearer" else ""
    plain = headers.get("x-api-key", "").strip()
    if bearer and plain and bearer != plain:
        raise Unauthenticated("'Authorization' and 'x-api-key' bring two different keys: send one.")
    return bearer or plain

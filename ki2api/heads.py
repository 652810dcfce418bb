"""What the head of a request must be beyond what the parser asks, so that it has one meaning only.

A proxy and a server that find another end or another host in the same bytes let an attacker slip a
request past one of them. So whatever is not the one plain form is refused, not mended.
"""

from ki2api.errors import HeadTooLarge, InvalidRequest

_FRAMED_BY = b"chunked"
_VERSIONS = {"1.0", "1.1"}


class Head:
    """One head as it comes, field by field, and then the trailers; raises what refuses it."""

    __slots__ = ("_chunked", "_fields", "_host", "_hosts", "_most", "_room")

    def __init__(self, room: int, most: int) -> None:
        """Take at most so many bytes and fields."""
        self._room = room
        self._most = most
        self._fields = self._hosts = 0
        self._host = b""
        self._chunked = False

    def grow(self, size: int) -> None:
        """Count bytes of the target."""
        self._room -= size
        if self._room < 0:
            raise HeadTooLarge("The target and the header fields are too long together.")

    def field(self, name: bytes, value: bytes) -> None:
        """Take one field; its name in lower case."""
        self._fields += 1
        if self._fields > self._most:
            raise HeadTooLarge(f"There are more than {self._most} header fields.")
        self.grow(len(name) + len(value) + len(b": \r\n"))
        if name == b"host":
            self._hosts += 1
            self._host = value
        elif name == b"transfer-encoding":
            self._chunked = True
            if value.lower() != _FRAMED_BY:
                raise InvalidRequest("The only Transfer-Encoding that is understood is 'chunked'.")

    def end(self, target: bytes, method: bytes, version: str) -> None:
        """Judge the head as a whole."""
        if version not in _VERSIONS:
            raise InvalidRequest("Only HTTP/1.1 is spoken here.")
        if self._hosts != 1:
            raise InvalidRequest("A request has exactly one Host field.")
        if self._chunked and version == "1.0":
            raise InvalidRequest("HTTP/1.0 has no Transfer-Encoding.")
        if method == b"CONNECT" or not self._is_ours(target):
            raise InvalidRequest("This is no proxy: the target must be a path of this host.")

    def _is_ours(self, target: bytes) -> bool:
        """Tell whether a target is a path, alone or, as a client of a proxy writes it, with us."""
        if b"#" in target:
            return False
        scheme, _, rest = target.partition(b"://")
        authority = rest.partition(b"/")[0].lower()
        return target.startswith(b"/") or (
            scheme.lower() == b"http" and authority == self._host.lower() != b""
        )


def path_of(target: str) -> str:
    """Return the path of a target, also of one that names a host before it."""
    host = target.partition("://")[2]
    return "/" + host.partition("/")[2] if host else target

"""What the head of a request must be beyond what the parser asks, so that it has one meaning only.

A proxy and a server that find another end or another host in the same bytes let an attacker slip a
request past one of them. So whatever is not the one plain form is refused, not mended.
"""

from collections.abc import Sequence
from itertools import chain

from ki2api.errors import HeadTooLarge, InvalidRequest

Fields = Sequence[tuple[bytes, bytes]]
"""Header fields; their names in lower case."""
_FRAMED_BY = b"chunked"
_VERSIONS = {"1.0", "1.1"}
_AROUND = len(b": \r\n")
_HASH = ord("#")


class Heads:
    """How large heads may be; raises what refuses one."""

    def __init__(self, room: int, most: int) -> None:
        """Let a head have at most so many bytes and fields."""
        self.room = room
        self._most = most

    def judge(
        self, target: bytes, method: bytes, version: str, fields: Fields, *, came: int
    ) -> None:
        """Judge the head of a request, of which so many bytes have come at most."""
        if len(fields) > self._most or came + _AROUND * len(fields) > self.room:
            self._weigh(len(target), fields)
        names = [name for name, _ in fields]
        if version not in _VERSIONS:
            raise InvalidRequest("Only HTTP/1.1 is spoken here.")
        if names.count(b"host") != 1:
            raise InvalidRequest("A request has exactly one Host field.")
        if b"transfer-encoding" in names:
            _check_encoding(fields)
            if version == "1.0":
                raise InvalidRequest("HTTP/1.0 has no Transfer-Encoding.")
        if method == b"CONNECT" or not _is_ours(target, fields):
            raise InvalidRequest("This is no proxy: the target must be a path of this host.")

    def judge_trailers(self, fields: Fields) -> None:
        """Judge what came after a body."""
        self._weigh(0, fields)
        _check_encoding(fields)

    def _weigh(self, size: int, fields: Fields) -> None:
        if len(fields) > self._most:
            raise HeadTooLarge(f"There are more than {self._most} header fields.")
        size += sum(map(len, chain.from_iterable(fields))) + _AROUND * len(fields)
        if size > self.room:
            raise too_large()


def too_large() -> HeadTooLarge:
    """Say that a head has too many bytes."""
    return HeadTooLarge("The target and the header fields are too long together.")


def _check_encoding(fields: Fields) -> None:
    for name, value in fields:
        if name == b"transfer-encoding" and value.lower() != _FRAMED_BY:
            raise InvalidRequest("The only Transfer-Encoding that is understood is 'chunked'.")


def _is_ours(target: bytes, fields: Fields) -> bool:
    """Tell whether a target is a path, alone or, as a client of a proxy writes it, with us."""
    if _HASH in target:
        return False
    if target.startswith(b"/"):
        return True
    scheme, _, rest = target.partition(b"://")
    authority = rest.partition(b"/")[0].lower()
    return scheme.lower() == b"http" and authority == dict(fields)[b"host"].lower() != b""


def path_of(target: str) -> str:
    """Return the path of a target, also of one that names a host before it."""
    host = target.partition("://")[2]
    return "/" + host.partition("/")[2] if host else target

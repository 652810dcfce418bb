"""Settings: any config.toml builds a gateway, or is refused by its file and lines.

An input is the file; its first line may be a comment with variables of the environment as JSON.
"""

from pathlib import Path
from random import Random
from tempfile import mkdtemp

import msgspec

from ki2api.accounts.ledger import MemoryStore
from ki2api.accounts.sources import AccountsUnreadable, Found, find
from ki2api.app import proved
from ki2api.settings import VARIABLES, load
from pipeline import PipelineError
from tests.fuzz.mutation import Plain, Words, mutate_json

WORDS = ("ki2api/settings.py", "ki2api/accounts/account.py", "ki2api/stages", "pipeline/stage.py")
HOME = Path(mkdtemp(prefix="ki2api-fuzz-"))
FILE = HOME / "config.toml"
KNOWN = {*VARIABLES.values(), "HTTPS_PROXY"}


def check(data: bytes) -> None:
    """Load the settings and build the gateway by them, with the accounts that they name."""
    FILE.write_bytes(data)
    try:
        loaded = load(environ_of(data), FILE)
        proved(loaded, Found(), MemoryStore())
        find({}, loaded.settings.accounts, HOME, folder=HOME)
    except (PipelineError, AccountsUnreadable) as error:
        told(error)


def told(error: PipelineError | AccountsUnreadable) -> None:
    """Say at least something."""
    assert str(error).strip()


def environ_of(data: bytes) -> dict[str, str]:
    """Return the variables that an input sets: texts without NUL, as a process has them."""
    try:
        told = msgspec.json.decode(data.split(b"\n", 1)[0].removeprefix(b"#"), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return {name: value for name, value in told.items() if name in KNOWN and "\0" not in value}


def mutate(data: bytes, limit: int, random: Random, words: Words, plain: Plain) -> bytes:
    """Change bytes, the variables, or whole lines."""
    first, _, rest = data.partition(b"\n")
    match random.randrange(4):
        case 0 if first.startswith(b"#{"):
            return b"#" + mutate_json(first[1:], limit, random, words, plain) + b"\n" + rest
        case 1:
            return plain(data, limit)
    lines = data.split(b"\n")
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(lines))
        match random.randrange(4):
            case 0:
                lines.insert(at, random.choice(lines))
            case 1:
                lines[at] = b""
            case 2:
                name, equals, _ = lines[at].partition(b"=")
                other = random.choice(lines).partition(b"=")[2] or b" " + value_of(random, words)
                lines[at] = name + (equals or b"=") + other
            case _:
                lines[at] = key_of(random, words) + b" = " + value_of(random, words)
    return b"\n".join(lines)


def key_of(random: Random, words: Words) -> bytes:
    """Write a key or, now and then, the head of a table."""
    word = random.choice(words).encode()
    return random.choice([word, word, b"[" + word + b"]\nx", b"[[" + word + b"]]\nx"])


def value_of(random: Random, words: Words) -> bytes:
    """Write a value."""
    word = random.choice(words)
    plain = [b"0", b"-1", b"1e400", b"nan", b"true", b"[]", b"{}", b"2020-01-02", b'"env:HOME"']
    plain += [b'"file:/dev/null"', b'["a", 1]', b"'''\n'''", b"{a.b = 1}", b"[[]]"]
    return random.choice([*plain, msgspec.json.encode(word), msgspec.json.encode([word])])

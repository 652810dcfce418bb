"""Fuzzes one target by coverage: `python -m tests.fuzz TARGET --minutes 10`.

What breaks a promise of the target is kept in its corpus as `crash-…`, `timeout-…` or `oom-…`, where
the plain tests find it: the exit status is then not 0. What is new and breaks nothing goes to
`--keep`, or nowhere.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.mutation import Mutator, dictionary, words_of
from tests.fuzz.targets import CORPUS, NAMES

HANG_SECONDS = 5
"""That one input may take on a busy machine."""
MOST_MIB = 1024
LONGEST = 8192
"""Bytes of an input."""


def main() -> None:
    """Read the command line and fuzz; libFuzzer ends the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="0 takes another one each time")
    parser.add_argument("--keep", type=Path, help="a folder for the inputs that reach new code")
    asked = parser.parse_args()
    try:
        import atheris
    except ImportError:
        parser.error("atheris is not installed: pip install -e '.[dev,fuzz]'")
    with atheris.instrument_imports(include=["ki2api", "pipeline"]):
        target = import_module(f"tests.fuzz.targets.{asked.target}")

    def plain(data: bytes, limit: int) -> bytes:
        mutated: bytes = atheris.Mutate(data, limit)  # another function once Fuzz has begun
        return mutated

    words = words_of(target.WORDS)
    corpus = CORPUS / asked.target
    with TemporaryDirectory() as scratch:
        named = Path(scratch, "words.dict")
        named.write_text(dictionary(words))
        found = asked.keep or Path(scratch, "found")
        found.mkdir(exist_ok=True)
        options = {
            "max_total_time": round(asked.minutes * 60),
            "timeout": HANG_SECONDS,
            "rss_limit_mb": MOST_MIB,
            "max_len": LONGEST,
            "seed": asked.seed,
            "artifact_prefix": f"{corpus}/",
            "dict": str(named),
            "print_final_stats": 1,
            "verbosity": 1,
        }
        flags = [f"-{name}={value}" for name, value in options.items()]
        atheris.Setup(
            [sys.argv[0], *flags, str(found), str(corpus)],
            target.check,
            custom_mutator=Mutator(target.mutate, words, plain),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()

"""Counts the texts of tests/data/tokens.json anew by tokenizers that Ki2API does not ship.

`python -m tests.bench.count_tokens OUT` needs the package `ctok` (MIT, Python 3.12 or newer), which
reconstructs the tokenizers of Claude by what count_tokens of the Messages API answers, and, for
o200k, node with the npm package `gpt-tokenizer` (MIT) in the current folder. To add a text, add its
line with zeros, and count.
"""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from tests.bench.fit_tokens import DATA, Sample

# The version of Claude that stands for a family, and the tokens of the frame of a single message.
_CLAUDES = (("3.0", 7), ("4.8", 6))
_O200K = """
const {encode} = require("gpt-tokenizer/encoding/o200k_base");
const texts = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(texts.map(text => encode(text).length)));
"""


def counted(samples: list[Sample]) -> list[Sample]:
    """Return the samples with what the tokenizers say of them."""
    ctok = importlib.import_module("ctok")
    node = shutil.which("node") or "node"
    texts = msgspec.json.encode([sample.text for sample in samples])
    said = subprocess.run([node, "-e", _O200K], input=texts, capture_output=True, check=True)
    others = msgspec.json.decode(said.stdout, type=list[int])
    return [
        msgspec.structs.replace(
            sample,
            tokens=(
                *(ctok.token_count(sample.text, version) - frame for version, frame in _CLAUDES),
                other,
            ),
        )
        for sample, other in zip(samples, others, strict=True)
    ]


if __name__ == "__main__":
    lines = counted(msgspec.json.decode(DATA.read_bytes(), type=list[Sample]))
    written = b"[\n" + b",\n".join(map(msgspec.json.encode, lines)) + b"\n]\n"
    Path(sys.argv[1]).write_bytes(written)

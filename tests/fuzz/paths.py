"""Where the tree is that is fuzzed."""

from pathlib import Path

ROOT = Path(__file__).parents[2]

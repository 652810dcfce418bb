"""What is fuzzed: each module here is one target.

It has `check(data)`, which raises where the product breaks a promise; `mutate`, how one input
becomes another; and `WORDS`, the paths of the sources whose words are worth trying.
"""

from pathlib import Path
from pkgutil import iter_modules

CORPUS = Path(__file__).parents[1] / "corpus"
NAMES = tuple(sorted(each.name for each in iter_modules(__path__)))

"""What the app takes along of what happens to be installed beside it."""

import subprocess
import sys
from importlib.util import find_spec

CODE = """
import sys
from ki2api.cli import cli
cli.commands["serve"]
from ki2api.app import create_app
create_app()
print(*({"attrs", "pydantic", "rich.progress"} & set(sys.modules)))
"""


def test_nothing_is_imported_that_only_others_need() -> None:
    assert find_spec("pydantic"), "the SDKs bring it along"
    done = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []

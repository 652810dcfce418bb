"""Every client dialect by its name: each package in this folder that holds one, found by itself.

A dialect stands in its package under the package's own name in capitals.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

import ki2api.protocols
from ki2api.protocols import ClientProtocol


def _found() -> dict[str, ClientProtocol]:
    packages = [each.name for each in iter_modules(ki2api.protocols.__path__) if each.ispkg]
    return {
        name.replace("_", "-"): getattr(import_module(f"ki2api.protocols.{name}"), name.upper())
        for name in packages
    }


DIALECTS: Mapping[str, ClientProtocol] = _found()
"""Such as `openai-chat`, in alphabetical order."""

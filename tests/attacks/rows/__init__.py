"""One attack per file, as `ATTACK`. A new file is a new row."""

from importlib import import_module
from pkgutil import iter_modules

from tests.attacks.attack import Attack

ATTACKS: dict[str, Attack] = {
    module.name: import_module(f"{__name__}.{module.name}").ATTACK for module in sorted(iter_modules(__path__))
}
"""Attacks by the name of their file."""

"""Paths and module names of the code, for tests that look at all of it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kernel", "history", "services", "mesh")


def modules() -> list[str]:
    """Return the dotted names of all our modules, sorted."""
    files = (file.relative_to(ROOT) for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return sorted(".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files)

"""`python -m tests.attacks [name ...]`: attacks a mesh of its own, and prints what happened and what others noticed."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.attacks.bystander import measure
from tests.attacks.mesh import attacked_mesh
from tests.attacks.rows import ATTACKS


def main() -> int:
    """Return 0 if the mesh held every attack, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of: {', '.join(ATTACKS)}")
    names: list[str] = parser.parse_args().names
    if unknown := set(names) - set(ATTACKS):
        parser.error(f"no attack is called {', '.join(sorted(unknown))}")
    with TemporaryDirectory(prefix="chatly-attacks-") as folder:
        return asyncio.run(_run(names or list(ATTACKS), Path(folder)))


async def _run(names: Sequence[str], folder: Path) -> int:
    broken = 0
    async with attacked_mesh(folder) as mesh:
        for name in names:
            row = await measure(ATTACKS[name], mesh)
            print(row, flush=True)
            broken += not row.held
    print(f"{len(names) - broken} of {len(names)} attacks held")
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())

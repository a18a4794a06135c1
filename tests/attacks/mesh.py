"""The embedded mesh that is attacked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.attacks.rows import ATTACKS
from tests.e2e.mesh import Mesh, running_mesh


@asynccontextmanager
async def attacked_mesh(folder: Path) -> AsyncIterator[Mesh]:
    """Run a mesh with the settings of all attacks."""
    settings = {name: value for attack in ATTACKS.values() for name, value in attack.settings.items()}
    async with running_mesh(folder, **settings) as mesh:
        yield mesh

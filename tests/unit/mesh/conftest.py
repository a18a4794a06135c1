import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.mesh.harness import DataFolder, a_folder


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A folder that no test changes."""
    return asyncio.run(a_folder(tmp_path_factory.mktemp("sound")))


@pytest.fixture
def folder(sound: DataFolder, tmp_path: Path) -> DataFolder:
    path = tmp_path / "data"
    shutil.copytree(sound.path, path)
    return replace(sound, mesh=replace(sound.mesh, folder=path))

"""A disk that loses power: processes started with its `environment` lose what they did not sync.

`shim.c` says what reaches the disk and when.
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.preload import preload_library

_SOURCE = Path(__file__).with_name("shim.c")


class PowerCutDisk:
    """The folder `root` on a disk that loses power. Only one process at a time may write a file."""

    def __init__(self, root: Path, *, platters: Path) -> None:
        """`platters`: an unused folder for what is on the disk, outside of `root`."""
        self._root = root.resolve()
        self._platters = platters.resolve()

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of the processes that use the disk."""
        return {
            "LD_PRELOAD": str(preload_library(_SOURCE)),
            "POWERCUT_ROOT": str(self._root),
            "POWERCUT_DISK": str(self._platters),
        }

    def switch_on(self) -> None:
        """Start with everything in the folder synced. Call it before the first process starts."""
        self._root.mkdir(parents=True, exist_ok=True)
        _replace(self._platters, self._root)

    def cut(self) -> None:
        """Lose what is not synced. Call it after the processes were killed."""
        _replace(self._root, self._platters)


def _replace(folder: Path, other: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    # Kafka's index files are sparse.
    subprocess.run(["cp", "--archive", "--sparse=always", other, folder], check=True)

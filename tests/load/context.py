"""The context of a scenario: its size, a folder, its meshes, and output for people."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.e2e.mesh import Mesh, running_mesh
from tests.load.people import LONG_SESSIONS

T = TypeVar("T")


class CannotRunError(Exception):
    """This machine cannot run the scenario. The text names what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Context of one run of a scenario."""

    folder: Path
    small: bool
    say: Callable[[str], None]
    engines: Callable[[], Mapping[str, str]]
    """Settings for a mesh on real engines, which start on first use."""

    def size(self, full: T, small: T) -> T:
        return small if self.small else full

    @asynccontextmanager
    async def mesh(self, nodes: Mapping[str, int] | None = None, /, **environ: str) -> AsyncIterator[Mesh]:
        """Yield a mesh with its data in the folder. Its logs must not contain a Traceback."""
        async with running_mesh(self.folder, nodes, **{**LONG_SESSIONS, **environ}) as mesh:
            yield mesh


def traces_in(mesh: Mesh) -> str:
    """Return the first stack trace in the logs of a mesh; empty if there is none."""
    _, found, rest = mesh.logs().partition("Traceback")
    return f"{found}{rest[:2_000]}"

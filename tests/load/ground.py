"""What a scenario stands on: its size, a folder, meshes of its own, and words for who waits for it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.e2e.mesh import Mesh, running_mesh
from tests.load.people import LONG_SESSIONS

T = TypeVar("T")


class CannotRunError(Exception):
    """This machine does not let a scenario run; says what it lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One for each run of a scenario."""

    folder: Path
    small: bool
    say: Callable[[str], None]
    engines: Callable[[], Mapping[str, str]]
    """Settings that lead a mesh to real engines, which are started when first asked for."""

    def size(self, full: T, small: T) -> T:
        return small if self.small else full

    @asynccontextmanager
    async def mesh(self, nodes: Mapping[str, int] | None = None, /, **environ: str) -> AsyncIterator[Mesh]:
        """A mesh with its data in the folder; it must not say anything of a Traceback while it runs."""
        async with running_mesh(self.folder, nodes, **{**LONG_SESSIONS, **environ}) as mesh:
            yield mesh


def traces_in(mesh: Mesh) -> str:
    """The first stack trace in the logs of a mesh, which people should never see; empty: there is none."""
    _, found, rest = mesh.logs().partition("Traceback")
    return f"{found}{rest[:2_000]}"

"""An Envoy of a test's own in front of a mesh: one that can be killed while the mesh lives on."""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

from mesh.edge.process import die_with_parent, envoy_command
from tests.e2e.mesh import HOST, Mesh, free_ports
from tests.waiting import eventually


class Edge:
    """Made like the mesh's own Envoy, on ports of its own, which stay the same over restarts."""

    def __init__(self, mesh: Mesh, folder: Path) -> None:
        free = free_ports()
        places = {urlsplit(url).port: next(free) for url in (mesh.url, mesh.tls_url, mesh.admin_url)}
        self._port = places[urlsplit(mesh.url).port]
        self.url = f"http://{HOST}:{self._port}"
        self._configuration = folder / "edge.yaml"
        self._log = folder / "edge.log"
        written = (mesh.data_dir / "edge/envoy.yaml").read_text()
        pattern = re.compile(rf"\b({'|'.join(map(str, places))})\b")
        self._configuration.write_text(pattern.sub(lambda port: str(places[int(port[0])]), written))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Return once it listens."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *envoy_command(self._configuration, 1), stdout=log, stderr=log, preexec_fn=die_with_parent
            )
        await eventually(self._listens, "the edge listens")

    async def kill(self) -> None:
        """SIGKILL, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(HOST, self._port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

"""An Envoy of one test, which can be killed and restarted."""

import asyncio
from pathlib import Path

from mesh.child import Child
from mesh.edge.process import envoy_command
from tests.e2e.mesh import HOST
from tests.waiting import eventually


class Envoy:
    """An Envoy, not yet started."""

    def __init__(self, configuration: str, *, port: int, folder: Path) -> None:
        """`port`: the configured port to wait for, also used in `url`."""
        self._port = port
        self.url = f"http://{HOST}:{port}"
        self._configuration = folder / "edge.yaml"
        self._configuration.write_text(configuration)
        self._log = folder / "edge.log"
        self._process: Child | None = None

    async def start(self) -> None:
        """Return once it listens."""
        with self._log.open("ab") as log:
            self._process = Child.start(envoy_command(self._configuration, 1), output=log)
        await eventually(self._listens, "the edge listens")

    async def kill(self) -> None:
        """Send SIGKILL if it is running."""
        if self._process is not None:
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

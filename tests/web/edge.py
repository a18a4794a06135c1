"""An extra Envoy in front of a mesh, which a test can kill while the mesh keeps running."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.envoy import Envoy
from tests.e2e.mesh import Mesh
from tests.ports import free_ports


class Edge(Envoy):
    """Configured like the mesh's own Envoy, on other ports, which stay the same across restarts."""

    def __init__(self, mesh: Mesh, folder: Path) -> None:
        free = free_ports()
        ports = {urlsplit(url).port: next(free) for url in (mesh.url, mesh.tls_url, mesh.admin_url)}
        written = (mesh.data_dir / "edge/envoy.yaml").read_text()
        pattern = re.compile(rf"\b({'|'.join(map(str, ports))})\b")
        configuration = pattern.sub(lambda port: str(ports[int(port[0])]), written)
        super().__init__(configuration, port=ports[urlsplit(mesh.url).port], folder=folder)

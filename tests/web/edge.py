"""An Envoy of a test's own in front of a mesh: one that can be killed while the mesh lives on."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.envoy import Envoy
from tests.e2e.mesh import Mesh
from tests.ports import free_ports


class Edge(Envoy):
    """Made like the mesh's own Envoy, on ports of its own, which stay the same over restarts."""

    def __init__(self, mesh: Mesh, folder: Path) -> None:
        free = free_ports()
        places = {urlsplit(url).port: next(free) for url in (mesh.url, mesh.tls_url, mesh.admin_url)}
        written = (mesh.data_dir / "edge/envoy.yaml").read_text()
        pattern = re.compile(rf"\b({'|'.join(map(str, places))})\b")
        configuration = pattern.sub(lambda port: str(places[int(port[0])]), written)
        super().__init__(configuration, port=places[urlsplit(mesh.url).port], folder=folder)

"""Two processes of each service, and two edges in front of them."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from engines.node import Node
from kernel.clock_watch import METRIC
from kernel.settings import load
from mesh.addresses import load_addresses
from mesh.edge.config import render
from mesh.edge.process import envoy_command
from mesh.edge.settings import EdgeSettings
from mesh.services import SERVICES
from tests.faults.deployment.clock import ShiftedClock
from tests.faults.deployment.network import Network
from tests.faults.deployment.part import Part

EACH = 2
EDGE_PORT = 8080
_ANSWER_SECONDS = 1.0
_SETTINGS = {
    "CHATLY_SERVICE_SECRET": "a secret of this run alone, which ends with it",
    "CHATLY_LOG_STYLE": "json",
    # Clients chat for up to an hour, and all use one address.
    "CHATLY_AUTH_ACCESS_TOKEN_SECONDS": str(24 * 3600),
    "CHATLY_AUTH_BCRYPT_COST": "4",
    "CHATLY_EDGE_LOGIN_PER_MINUTE": "100000",
    "CHATLY_EDGE_REFRESH_PER_MINUTE": "100000",
    "CHATLY_EDGE_REGISTER_PER_MINUTE": "100000",
    "CHATLY_EDGE_SEND_PER_SECOND": "100000",
    "CHATLY_EDGE_UPLOAD_PER_MINUTE": "100000",
    "CHATLY_USER_RATES": "0",
    "CHATLY_GRACE_SECONDS": "5",
}


def service_parts(network: Network, folder: Path, engines: Mapping[str, str]) -> list[Part]:
    """Return parts that are not started yet. Their logs are in `folder`."""
    environ = {**engines, **_SETTINGS, **_addresses(network)}
    services = [_service(network, folder, environ, name, number) for name in SERVICES for number in range(1, EACH + 1)]
    edges = [_edge(network, folder, environ, f"edge-{number}") for number in range(1, EACH + 1)]
    return [*services, *edges]


def grpc_address(network: Network, service: str, number: int) -> str:
    """Bypassing the edge."""
    return f"{network.host(f'{service}-{number}')}:{SERVICES[service].grpc_port}"


def _addresses(network: Network) -> dict[str, str]:
    found = {}
    for name, spec in SERVICES.items():
        hosts = [network.host(f"{name}-{number}") for number in range(1, EACH + 1)]
        found[f"CHATLY_{name.upper()}_ADDRESS"] = ",".join(f"{host}:{spec.grpc_port}" for host in hosts)
        found[f"CHATLY_{name.upper()}_HTTP_ADDRESS"] = ",".join(f"{host}:{spec.http_port}" for host in hosts)
    return found


def _service(network: Network, folder: Path, environ: Mapping[str, str], name: str, number: int) -> Part:
    part, host = f"{name}-{number}", network.host(f"{name}-{number}")
    clock = ShiftedClock(folder / part / "clock")
    node = Node(
        name=part,
        address=f"{host}:{SERVICES[name].grpc_port}",
        command=(*network.join(part), sys.executable, "-m", "mesh", "serve", name),
        folder=folder / part,
        environment={
            **environ,
            "CHATLY_HOST": host,
            "CHATLY_DATA_DIR": str(folder / part / "data"),
            "PYTHONPATH": str(Path.cwd()),
            **clock.environment(),
        },
    )
    http = f"http://{host}:{SERVICES[name].http_port}"
    return Part(
        node=node,
        network=network,
        serves=lambda: _is_well(f"{http}/healthz"),
        clock=clock,
        clock_offset=lambda: _clock_offset(f"{http}/metrics"),
    )


def _edge(network: Network, folder: Path, environ: Mapping[str, str], part: str) -> Part:
    host = network.host(part)
    configuration = folder / part / "envoy.yaml"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    edge = load(EdgeSettings, {**environ, "CHATLY_EDGE_HOST": host, "CHATLY_EDGE_PORT": str(EDGE_PORT)})
    configuration.write_text(render(edge, load_addresses(environ)))
    node = Node(
        name=part,
        address=f"{host}:{EDGE_PORT}",
        command=(*network.join(part), *envoy_command(configuration, 1)),
        folder=folder / part,
    )
    return Part(node=node, network=network, serves=lambda: _is_well(f"http://{host}:{EDGE_PORT}/healthz"))


def _clock_offset(url: str) -> float | None:
    try:
        text = httpx.get(url, timeout=_ANSWER_SECONDS).text
    except httpx.HTTPError:
        return None
    found = re.search(rf"^{METRIC}{{[^}}]*}} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


def _is_well(url: str) -> bool:
    try:
        return httpx.get(url, timeout=_ANSWER_SECONDS).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False

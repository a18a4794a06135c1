"""Addresses of the services, and of their nodes in a mesh on one machine."""

from collections.abc import Mapping
from dataclasses import dataclass

from kernel.settings import SettingsError, env, load, settings
from mesh.services import SERVICES

LOOPBACK = "127.0.0.1"
_NODE_STRIDE = 10
"""Distance between the ports of two nodes of one service."""


@settings
class AddressSettings:
    """Addresses of one service. In the variables, `{SERVICE}` stands for the service's name in capitals."""

    grpc: str = env(
        "CHATLY_{SERVICE}_ADDRESS", "", help="gRPC address of a service, host:port; of several the first that answers"
    )
    http: str = env(
        "CHATLY_{SERVICE}_HTTP_ADDRESS", "", help="HTTP address of a service; as many as in `CHATLY_<SERVICE>_ADDRESS`"
    )


Addresses = Mapping[str, AddressSettings]
"""Addresses by service name."""


def load_addresses(environ: Mapping[str, str]) -> Addresses:
    """Return the addresses of each service.

    Addresses that are not set are on this machine, at the default ports.
    """
    return {
        name: load(
            AddressSettings,
            {
                f"CHATLY_{name.upper()}_ADDRESS": f"{LOOPBACK}:{spec.grpc_port}",
                f"CHATLY_{name.upper()}_HTTP_ADDRESS": f"{LOOPBACK}:{spec.http_port}",
                **environ,
            },
            SERVICE=name.upper(),
        )
        for name, spec in SERVICES.items()
    }


def edge_upstreams(addresses: Addresses) -> dict[str, str]:
    """Return the addresses to which the edge sends calls, by name of the Envoy cluster: `auth`, `auth_http`, …"""
    apis = [(spec, api) for api in ("grpc", "http") for spec in SERVICES.values() if api in spec.edge]
    return {
        spec.name if api == "grpc" else f"{spec.name}_http": getattr(addresses[spec.name], api) for spec, api in apis
    }


def with_addresses(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with addresses for all services.

    Addresses that are not set are derived from this machine's ports. On distributed engines a service may have several
    nodes, whose ports are 10 apart.
    """
    host = environ.get("CHATLY_HOST", LOOPBACK)
    reached = LOOPBACK if host in {"0.0.0.0", "::"} else host
    distributed = environ.get("CHATLY_ENGINES") == "distributed"
    addresses = {}
    for spec in SERVICES.values():
        nodes = spec.nodes if distributed else 1
        prefix = f"CHATLY_{spec.name.upper()}"
        for kind, address, port in (("GRPC", "ADDRESS", spec.grpc_port), ("HTTP", "HTTP_ADDRESS", spec.http_port)):
            first = port_of(environ, f"{prefix}_{kind}_PORT", port)
            ports = range(first, first + nodes * _NODE_STRIDE, _NODE_STRIDE)
            addresses[f"{prefix}_{address}"] = ",".join(f"{reached}:{each}" for each in ports)
    return {**addresses, **environ}


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """The host and the ports on which one node of a service listens."""

    service: str
    number: int
    host: str
    grpc_port: int
    http_port: int

    @property
    def name(self) -> str:
        """The name in output and log files, such as `messaging-2`."""
        return f"{self.service}-{self.number}"

    @property
    def address(self) -> str:
        """The gRPC address, as `host:port`."""
        return f"{self.host}:{self.grpc_port}"


def node_addresses(service: str, environ: Mapping[str, str]) -> list[NodeAddress]:
    """Return the address of each node of a service.

    Raise SettingsError if an address is malformed, or if the numbers of gRPC and HTTP addresses differ.
    """
    grpc, http = (_pairs(environ, f"CHATLY_{service.upper()}_{kind}") for kind in ("ADDRESS", "HTTP_ADDRESS"))
    if len(grpc) != len(http):
        name = service.upper()
        raise SettingsError(f"CHATLY_{name}_ADDRESS and CHATLY_{name}_HTTP_ADDRESS must name as many addresses each")
    return [
        NodeAddress(service, number, host, port, http_port)
        for number, ((host, port), (_, http_port)) in enumerate(zip(grpc, http, strict=True), 1)
    ]


def _pairs(environ: Mapping[str, str], variable: str) -> list[tuple[str, int]]:
    pairs = [address.strip().rpartition(":") for address in environ[variable].split(",")]
    if not all(port.isdecimal() for _, _, port in pairs):
        raise SettingsError(f"{variable} must be host:port, or several separated by commas, got {environ[variable]!r}")
    return [(host, int(port)) for host, _, port in pairs]


def port_of(environ: Mapping[str, str], variable: str, default: int) -> int:
    """Return the port that a variable sets, or the default. Raise SettingsError if the value is no number."""
    value = environ.get(variable, str(default))
    if not value.isdecimal():
        raise SettingsError(f"{variable} must be a port number, got {value!r}")
    return int(value)

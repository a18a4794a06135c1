"""Where the processes of a mesh on one machine listen. Nothing here starts them."""

from collections.abc import Mapping
from dataclasses import dataclass

from kernel.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Place:
    """Which process of which service, and where it listens."""

    service: str
    number: int
    host: str
    grpc_port: int
    http_port: int

    @property
    def name(self) -> str:
        """For people, e.g. `messaging-2`."""
        return f"{self.service}-{self.number}"

    @property
    def address(self) -> str:
        """Of its gRPC."""
        return f"{self.host}:{self.grpc_port}"


def places(service: str, environ: Mapping[str, str]) -> list[Place]:
    """Where the processes of a service are to listen: one for each of its addresses."""
    grpc, http = (_pairs(environ, f"CHATLY_{service.upper()}_{kind}") for kind in ("ADDRESS", "HTTP_ADDRESS"))
    if len(grpc) != len(http):
        name = service.upper()
        raise SettingsError(f"CHATLY_{name}_ADDRESS and CHATLY_{name}_HTTP_ADDRESS must name as many addresses each")
    return [
        Place(service, number, host, port, http_port)
        for number, ((host, port), (_, http_port)) in enumerate(zip(grpc, http, strict=True), 1)
    ]


def _pairs(environ: Mapping[str, str], variable: str) -> list[tuple[str, int]]:
    pairs = [address.strip().rpartition(":") for address in environ[variable].split(",")]
    if not all(port.isdecimal() for _, _, port in pairs):
        raise SettingsError(f"{variable} must be host:port, or several joined by commas: {environ[variable]!r}")
    return [(host, int(port)) for host, _, port in pairs]

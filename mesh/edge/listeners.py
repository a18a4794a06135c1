"""Which connections each port of the edge takes, and what the edge believes about their clients."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kernel.settings import SettingsError
from kernel.sockets import is_loopback
from mesh.edge.settings import EdgeSettings

_THIS_MACHINE = ("127.0.0.1/32", "::1/128")


@dataclass(frozen=True, slots=True)
class Chain:
    """How the edge serves connections from certain addresses. The chain with the longest matching prefix counts."""

    sources: tuple[str, ...] = ()
    """Prefixes (CIDR) of the clients' addresses. Empty: any."""
    peers: tuple[str, ...] = ()
    """Prefixes of the addresses that connect. With the PROXY protocol these are the proxies. Empty: any."""
    hops: int = 0
    """The number of proxies whose entries in `x-forwarded-for` count. 0: no forwarded header counts."""
    redirects: bool = False
    """True if each request gets a redirect to HTTPS."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One port of the edge."""

    name: str
    port: int
    chains: tuple[Chain, ...]
    tls: bool = False
    hsts: bool = False
    """True if browsers are asked to use only HTTPS from now on."""


def listeners(edge: EdgeSettings) -> list[Listener]:
    """Return the ports for clients. Raise SettingsError if the PROXY protocol is on without trusted proxies."""
    if edge.proxy_protocol and not edge.trusted_proxies:
        raise SettingsError("CHATLY_EDGE_PROXY_PROTOCOL is true: set CHATLY_EDGE_TRUSTED_PROXIES to the proxies")
    redirects = sends_to_https(edge)
    plain = Listener("http", edge.port, tuple(_chains(edge, redirects=redirects)))
    tls = Listener("https", edge.tls_port, tuple(_chains(edge, redirects=False)), tls=True, hsts=redirects)
    return [plain, tls] if edge.tls_certificate else [plain]


def sends_to_https(edge: EdgeSettings) -> bool:
    """Return whether plain HTTP from other machines is redirected to HTTPS."""
    return edge.https_only and bool(edge.tls_certificate) and not is_loopback(edge.host)


def _chains(edge: EdgeSettings, *, redirects: bool) -> Iterator[Chain]:
    trusted = edge.trusted_proxies
    # Envoy refuses two chains with the same prefix.
    this_machine = tuple(prefix for prefix in _THIS_MACHINE if prefix not in set(_canonical(trusted)))
    if edge.proxy_protocol:
        # Everybody can begin with a PROXY header, so connections from elsewhere match no chain and are closed.
        yield Chain(peers=trusted)
        if this_machine:
            yield Chain(peers=this_machine, sources=this_machine)
        return
    if trusted:
        yield Chain(sources=trusted, hops=edge.proxy_hops)
    if redirects and this_machine:
        yield Chain(sources=this_machine)
    yield Chain(redirects=redirects)


def _canonical(prefixes: Iterable[str]) -> Iterator[str]:
    return (str(ipaddress.ip_network(prefix)) for prefix in prefixes)


def cidr(prefix: str) -> str:
    """Return a prefix as Envoy's CidrRange, in YAML."""
    network = ipaddress.ip_network(prefix)
    return f'{{address_prefix: "{network.network_address}", prefix_len: {network.prefixlen}}}'

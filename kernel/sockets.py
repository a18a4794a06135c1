"""Listening sockets of a process, and ports held until a server listens on them."""

import errno
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kernel.grpc.settings import ServerSettings
from kernel.settings import SettingsError

_BACKLOG = 512


def address(host: str, port: int) -> str:
    """Return `host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether a host is the loopback of this machine.

    Names are not resolved, because their addresses may change.
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def listen(name: str, settings: ServerSettings, port: int, kind: str) -> socket.socket:
    """Return a listening socket.

    If the port is taken, raise SettingsError, which names `CHATLY_<NAME>_<KIND>_PORT`.
    """
    try:
        return bound(settings.host, port, _BACKLOG)
    except OSError as error:
        raise port_in_use(name, settings.host, port, kind) from error


def bound(host: str, port: int, backlog: int) -> socket.socket:
    """Return a listening socket; on `::` it takes IPv4 too. Raise OSError if the port is taken."""
    dual = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=_family(host), backlog=backlog, dualstack_ipv6=dual)


def port_in_use(name: str, host: str, port: int, kind: str) -> SettingsError:
    """Return the error for a port of the service `name` that another process uses."""
    return SettingsError(f"{address(host, port)} is in use: set CHATLY_{name.upper()}_{kind}_PORT or CHATLY_HOST")


@contextmanager
def reserved(name: str, settings: ServerSettings) -> Iterator[None]:
    """Hold a service's ports until the block ends; raise SettingsError if a port is taken.

    The system may choose the same ports for outgoing connections. If the ports were not held, an outgoing connection of
    the process itself could take one of them before the server listens.
    """
    ports = {"GRPC": settings.grpc_port, "HTTP": settings.http_port, "METRICS": settings.metrics_port}
    with ExitStack() as stack:
        for kind, port in ports.items():
            if port:
                stack.enter_context(hold(settings.host, port, f"CHATLY_{name.upper()}_{kind}_PORT"))
        yield


def hold(host: str, port: int, setting: str) -> socket.socket:
    """Bind a port without listening, so that only a server that asks for exactly this port gets it.

    Port 0 stands for any free port. Raise SettingsError, which names `setting`, if the port is taken.
    """
    holder = socket.socket(_family(host))
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((host, port))
    except OSError as error:
        holder.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise SettingsError(f"{address(host, port)} {reason}: set {setting}") from error
    return holder


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET

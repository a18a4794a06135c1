"""The ports of a service: had, or reserved, or somebody else's."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kernel.grpc.settings import ServerSettings
from kernel.settings import SettingsError

_BACKLOG = 512


def address(host: str, port: int) -> str:
    """As URLs have it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listen(name: str, settings: ServerSettings, port: int, kind: str) -> socket.socket:
    """A socket that listens; raise SettingsError if the port is port_in_use. `kind`: as the setting's name has it."""
    try:
        return socket.create_server((settings.host, port), family=_family(settings.host), backlog=_BACKLOG)
    except OSError as error:
        raise port_in_use(name, settings.host, port, kind) from error


def port_in_use(name: str, host: str, port: int, kind: str) -> SettingsError:
    """What to say of a port that somebody else has."""
    variable = f"CHATLY_{name.upper()}_{kind}_PORT"
    return SettingsError(f"{name} cannot listen on {address(host, port)}: it is in use; set {variable} or CHATLY_HOST")


@contextmanager
def reserved(name: str, settings: ServerSettings) -> Iterator[None]:
    """Keep a service's ports for it until it listens there; raise SettingsError if one is port_in_use.

    They lie among those that the system gives to connections from here to elsewhere. A process that opens its stores
    first would, once in a few hundred times, have given one of its own ports away.
    """
    ports = {"GRPC": settings.grpc_port, "HTTP": settings.http_port, "METRICS": settings.metrics_port}
    with ExitStack() as stack:
        for kind, port in ports.items():
            if port:
                stack.enter_context(_held(name, settings.host, port, kind))
        yield


def _held(name: str, host: str, port: int, kind: str) -> socket.socket:
    """Bound, and not listening: who asks for exactly this port, and would share it, gets it nevertheless."""
    holder = socket.socket(_family(host))
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((host, port))
    except OSError as error:
        holder.close()
        raise port_in_use(name, host, port, kind) from error
    return holder


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET

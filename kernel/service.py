"""The interface between a service and the process that runs it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grpc.aio
    from starlette.routing import BaseRoute

    from kernel.grpc.tokens import TokenKeys

HealthCheck = Callable[[], Awaitable[str | None]]
"""Returns a description of the fault, or None if there is no fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, built and ready to be served. The wiring that built it closes it."""

    name: str
    """The name, as in `chatly serve <name>`."""
    grpc_services: Sequence[str]
    """Full names of the gRPC services, e.g. `chatly.auth.v1.AuthService`, for health and reflection."""
    mount: Sequence[Callable[["grpc.aio.Server"], None]]
    """Each function adds one servicer to the server."""
    routes: Sequence["BaseRoute"] = ()
    """Starlette routes of the HTTP API, besides /metrics and /healthz, which every service has."""
    loops: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """Background loops by name. They run as long as the service runs. A loop that fails ends the process."""
    health: Mapping[str, HealthCheck] = field(default_factory=dict)
    """Checks by name (`log`, `store`, …), run every few seconds. The service is SERVING if all of them pass."""
    warnings: Mapping[str, HealthCheck] = field(default_factory=dict)
    """Checks by name that warn: if one fails, its fault is reported and the service stays SERVING."""
    drain: Callable[[], Awaitable[None]] | None = None
    """Called first at shutdown. It makes the clients of open streams reconnect to another node."""
    token_keys: "TokenKeys | None" = None
    """The keys with which this server checks access tokens. None: the keys that auth publishes."""

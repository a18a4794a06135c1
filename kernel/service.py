"""What a service is to the process that runs it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grpc.aio
    from starlette.routing import BaseRoute

    from kernel.grpc.tokens import TokenKeys

HealthCheck = Callable[[], Awaitable[str | None]]
"""Says what is broken, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, built and ready to be served. The opener that made it closes what it opened."""

    name: str
    """As in `chatly serve <name>`."""
    grpc_services: Sequence[str]
    """Full names of the gRPC services, e.g. `chatly.auth.v1.AuthService`, for health and reflection."""
    mount: Sequence[Callable[["grpc.aio.Server"], None]]
    """Each adds one servicer to the server."""
    routes: Sequence["BaseRoute"] = ()
    """Starlette routes of the HTTP door, beside /metrics and /healthz which every door has."""
    loops: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """Background loops by name; run in a TaskGroup as long as the service; one that fails ends the process."""
    health: Mapping[str, HealthCheck] = field(default_factory=dict)
    """What must work for the service to be SERVING, by name (`log`, `store`, …). Asked every few seconds."""
    drain: Callable[[], Awaitable[None]] | None = None
    """Called first at shutdown: tell open streams to reconnect elsewhere and end them."""
    token_keys: "TokenKeys | None" = None
    """What this service's own server checks access tokens against; None: what auth publishes."""

"""The server below a service: its interface, and the choice between the libraries that implement it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import grpc

from kernel.grpc.responses import ResponseStream
from kernel.grpc.settings import ServerSettings
from kernel.grpc.tls import MeshTls

REQUEST_SECONDS: Final = 60.0
"""The longest time until the request message of a call is complete, if the method takes one message."""


class Engine(Protocol):
    """A gRPC server for handlers and servicers of grpc.aio."""

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Ask these for the methods of calls, after those that were added before."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Do nothing: generated code also passes its handlers to the method above."""

    def bind(self, host: str, port: int, tls: MeshTls | None) -> int:
        """Listen on an address, 0 for any free port, and return the port. Raise OSError if it is in use."""

    def responses(self, context: "grpc.aio.ServicerContext[Any, Any]") -> ResponseStream:
        """Return the responses of a call of this server that streams them."""

    async def start(self) -> None:
        """Accept connections."""

    async def stop(self, grace: float | None) -> None:
        """Refuse new calls, give the others `grace` seconds to finish, then end them."""


def new_engine(settings: ServerSettings) -> Engine:
    """Return a server of the library in `settings.grpc_engine`. It runs on the current event loop."""
    calls, age = settings.max_concurrent_calls, settings.max_connection_age_seconds
    # Import only the selected one, to save memory.
    if settings.grpc_engine == "ngh2":
        from kernel.grpc.ngh2.server import Ngh2Server

        return Ngh2Server(max_calls=calls, max_age_seconds=age)
    from kernel.grpc.grpcio import GrpcioServer

    return GrpcioServer(max_calls=calls, max_age_seconds=age)

"""The gRPC server of the library grpcio, with Chatly's options."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import grpc

from kernel.grpc.answering import AnsweringHandler
from kernel.grpc.client import MAX_MESSAGE_BYTES
from kernel.grpc.responses import ResponseStream, YieldOnly
from kernel.grpc.tls import MeshTls
from kernel.sockets import address

_OPTIONS: Final = [
    # Without this option, two servers could share a port and its calls. The second server must fail instead.
    ("grpc.so_reuseport", 0),
    # Clients ping every 2 s during calls; Envoy pings every 0.6 s even without calls. With its defaults of 5 minutes
    # and 2 hours, gRPC would close their connections.
    ("grpc.http2.min_ping_interval_without_data_ms", 500),
    ("grpc.keepalive_permit_without_calls", 1),
    # Detect within a minute that a client is gone without closing its streams.
    ("grpc.keepalive_time_ms", 40_000),
    ("grpc.keepalive_timeout_ms", 15_000),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
]


class GrpcioServer:
    """A `grpc.aio.Server` behind the same methods as the other engine."""

    def __init__(self, *, max_calls: int, max_age_seconds: float) -> None:
        """`max_calls`: open calls and streams. `max_age_seconds` of connections, 0: no limit."""
        # By default gRPC cancels calls at random when more than a thousand wait to be accepted, as they do when all
        # clients of a stopped node reconnect at once.
        bursts = [
            ("grpc.server.max_pending_requests", max_calls),
            ("grpc.server.max_pending_requests_hard_limit", max_calls),
        ]
        ages = [("grpc.max_connection_age_ms", round(max_age_seconds * 1_000))] if max_age_seconds else []
        self._server = grpc.aio.server(options=[*_OPTIONS, *bursts, *ages], maximum_concurrent_rpcs=max_calls)

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Ask these for the methods of calls, after those that were added before."""
        self._server.add_generic_rpc_handlers([AnsweringHandler(handler) for handler in handlers])

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Do nothing: generated code also passes its handlers to the method above."""

    def bind(self, host: str, port: int, tls: MeshTls | None) -> int:
        """Listen on an address, 0 for any free port, and return the port. Raise OSError if it is in use."""
        where = address(host, port)
        try:
            if tls is None:
                return self._server.add_insecure_port(where)
            return self._server.add_secure_port(where, tls.server_credentials())
        except RuntimeError as error:
            raise OSError(str(error)) from error

    def responses(self, _: "grpc.aio.ServicerContext[Any, Any]") -> ResponseStream:
        """Return an object that pushes nothing: grpcio takes responses from handlers only."""
        return YieldOnly()

    async def start(self) -> None:
        """Accept connections."""
        await self._server.start()

    async def stop(self, grace: float | None) -> None:
        """Refuse new calls, give the others `grace` seconds to finish, then end them."""
        await self._server.stop(grace)

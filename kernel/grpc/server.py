"""Serves one service: gRPC with health, reflection and interceptors, and its HTTP API. Drains it at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import grpc
from grpc_health.v1 import health_pb2_grpc

from kernel.errors import KernelReason, unavailable
from kernel.grpc.engine import Engine, new_engine
from kernel.grpc.health import HealthMonitor
from kernel.grpc.interceptors.chain import Chain
from kernel.grpc.interceptors.streams import OpenStreams
from kernel.grpc.reflection import add_reflection
from kernel.grpc.settings import ServerSettings
from kernel.grpc.status import DETAILS_KEY, details_of, grpc_code, text_of
from kernel.grpc.tls import MeshTls
from kernel.grpc.tokens import Access, ServiceTokens, TokenVerifier
from kernel.http.app import build_app, build_probes
from kernel.http.server import serve_http
from kernel.rates import UserRates
from kernel.runner import background
from kernel.service import Service
from kernel.sockets import address, listen, port_in_use
from kernel.telemetry.logs import logger


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """Addresses of a running service."""

    name: str
    host: str
    grpc_port: int
    http_port: int

    @property
    def service(self) -> str:
        """The name of the service, which its certificate contains."""
        return self.name

    @property
    def address(self) -> str:
        """Address for `open_channel`."""
        return address(self.host, self.grpc_port)


@asynccontextmanager
async def serve(
    service: Service,
    *,
    settings: ServerSettings,
    tokens: TokenVerifier,
    service_tokens: ServiceTokens,
    rates: UserRates,
    tls: MeshTls | None = None,
) -> AsyncIterator[RunningServer]:
    """Serve until the block ends, then drain: refuse new calls, end streams, finish running calls.

    With `tls`, gRPC and HTTP require a certificate of this mesh; the metrics port stays plaintext.
    Raise SettingsError if a port is in use, ValueError if a method does not declare its access or its limit per user.
    The caller runs `service.loops`.
    """
    monitor = HealthMonitor(service)
    streams = OpenStreams(tokens=tokens, per_user=settings.max_streams_per_user)
    app = build_app(service, tokens=tokens, rates=rates, health=monitor, trust_edge=settings.trust_edge)
    with listen(service.name, settings, settings.http_port, "HTTP") as listener:
        access = Access(tokens=tokens, service_tokens=service_tokens)
        server = _build(service, settings, monitor, access=access, streams=streams, rates=rates)
        running = RunningServer(
            name=service.name,
            host=settings.host,
            grpc_port=_bind(service.name, settings, server, tls),
            http_port=listener.getsockname()[1],
        )
        await monitor.check()
        loops = {f"{service.name} health": monitor.run, f"{service.name} streams": streams.sweep}
        async with (
            background(loops),
            _probes(service.name, settings, monitor),
            serve_http(app, listener, grace_seconds=settings.grace_seconds, tls=tls),
        ):
            try:
                await server.start()
                yield running
            finally:
                await _drain(service, server, monitor, streams, settings.grace_seconds)


def _build(
    service: Service,
    settings: ServerSettings,
    monitor: HealthMonitor,
    *,
    access: Access,
    streams: OpenStreams,
    rates: UserRates,
) -> Engine:
    server = new_engine(settings)
    chain = Chain(
        server,
        access=access,
        streams=streams,
        rates=rates,
        max_seconds=settings.max_call_seconds,
        trust_edge=settings.trust_edge,
    )
    for mount in service.mount:
        # Generated code calls only the two methods that Chain has.
        mount(cast("grpc.aio.Server", chain))
    # Generated code calls only methods that every engine has.
    health_pb2_grpc.add_HealthServicer_to_server(monitor.servicer, cast("grpc.aio.Server", server))
    add_reflection(service.grpc_services, server)
    if not service.mount:
        # Comes last, so that it answers only calls that no other handler takes.
        server.add_generic_rpc_handlers((StartingHandler(service.name),))
    return server


async def _drain(service: Service, server: Engine, monitor: HealthMonitor, streams: OpenStreams, grace: float) -> None:
    log = logger("server")
    log.info("draining", service=service.name)
    await monitor.drain()
    streams.refuse_new()
    try:
        if service.drain is not None:
            await service.drain()
    except Exception:
        log.exception("drain failed", service=service.name)
    finally:
        await server.stop(grace)


@asynccontextmanager
async def _probes(name: str, settings: ServerSettings, monitor: HealthMonitor) -> AsyncIterator[None]:
    """Serve /metrics and /healthz to clients without certificates, such as Kubernetes probes and Prometheus."""
    if not settings.metrics_port:
        yield
        return
    with listen(name, settings, settings.metrics_port, "METRICS") as listener:
        async with serve_http(build_probes(monitor), listener, grace_seconds=settings.grace_seconds):
            yield


def _bind(name: str, settings: ServerSettings, server: Engine, tls: MeshTls | None) -> int:
    try:
        return server.bind(settings.host, settings.grpc_port, tls)
    except OSError as error:
        raise port_in_use(name, settings.host, settings.grpc_port, "GRPC") from error


class StartingHandler(grpc.GenericRpcHandler):
    """Answers every call with UNAVAILABLE `SERVICE_UNAVAILABLE` while the service is starting: callers retry."""

    def __init__(self, service: str) -> None:
        self._error = unavailable(KernelReason.SERVICE_UNAVAILABLE, f"{service} is starting", service=service)

    def service(
        self,
        handler_call_details: grpc.HandlerCallDetails,  # noqa: ARG002 - gRPC's signature
    ) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """Return the same handler for every method: it refuses a call without reading its message."""
        return grpc.stream_stream_rpc_method_handler(self._refuse)

    async def _refuse(self, _: AsyncIterator[bytes], context: "grpc.aio.ServicerContext[bytes, bytes]") -> None:
        context.set_trailing_metadata(((DETAILS_KEY, details_of(self._error)),))
        await context.abort(grpc_code(self._error.code), text_of(self._error))

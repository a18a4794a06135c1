"""Health checks of servers: services over gRPC, Envoy over HTTP."""

import asyncio
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from kernel.grpc.client import open_channel
from kernel.grpc.settings import load_server_settings
from kernel.grpc.tls import MeshTls, load_tls
from mesh.addresses import LOOPBACK
from mesh.services import SERVICES

CLOCK_CHECK = "clock"
"""The name of the health check that compares a node's clock with the clocks of the engines."""

_SECONDS = 2.0
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def serves(service: str, environ: Mapping[str, str]) -> bool:
    """Return whether a service on this machine accepts calls at the port that `environ` sets."""
    settings = load_server_settings(service, port=SERVICES[service].grpc_port, environ=environ)
    host = LOOPBACK if settings.host in {"0.0.0.0", "::"} else settings.host
    return await find_fault(service, f"{host}:{settings.grpc_port}", load_tls(environ)) is None


async def find_fault(service: str, address: str, tls: MeshTls | None) -> str | None:
    """Return the reason why a service does not accept calls at this address, or None if it accepts calls."""
    async with open_channel(address, forward="none", tls=tls, peer=service) as channel:
        status = await _check(channel, "")
        if status == _SERVING:
            return None
        if status is None:
            return "no answer"
        engines = SERVICES[service].engines
        broken = [engine for engine in engines if await _check(channel, engine) == _NOT_SERVING]
        if not broken and await _check(channel, CLOCK_CHECK) == _NOT_SERVING:
            return "its machine's clock is wrong"
    return f"unreachable: {', '.join(broken)}" if broken else "not serving"


async def find_warning(service: str, address: str, tls: MeshTls | None) -> str | None:
    """Return the limitation of a service that accepts calls at this address, or None if everything works."""
    async with open_channel(address, forward="none", tls=tls, peer=service) as channel:
        down = await _check(channel, "bus") == _NOT_SERVING
    return "does not reach the live bus (Redis): live events come from the log" if down else None


async def _check(channel: grpc.aio.Channel, name: str) -> int | None:
    stub: Any = health_pb2_grpc.HealthStub(channel)  # the types of the stub lack its methods
    try:
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=_SECONDS)
    except grpc.aio.AioRpcError:
        return None
    return int(answer.status)


async def http_get(url: str) -> str | None:
    """Return the body of a page, or None if there is no successful answer within two seconds."""
    return await _http(url, "GET")


async def http_post(url: str) -> str | None:
    """Return the body of the answer to an empty POST, or None if there is no successful answer within two seconds."""
    return await _http(url, "POST")


async def _http(url: str, method: str) -> str | None:
    def call() -> str:
        request = Request(url, method=method)  # noqa: S310 - callers give addresses of the mesh
        with build_opener(ProxyHandler({})).open(request, timeout=_SECONDS) as response:
            return str(response.read().decode(errors="replace"))

    try:
        return await asyncio.to_thread(call)
    except (OSError, HTTPException):
        return None

"""`chatly health`: asks a service of this machine whether it serves, for containers that know no gRPC probe."""

from collections.abc import Mapping
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from kernel.grpc.client import open_channel
from kernel.grpc.settings import load_server_settings
from kernel.grpc.tls import load_tls
from mesh.settings import PORTS

_SECONDS = 2.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}


async def serves(name: str, environ: Mapping[str, str]) -> bool:
    """Whether the service welcomes calls; its doors are where `environ` says."""
    settings = load_server_settings(name, port=PORTS[name], environ=environ)
    host = _ANY.get(settings.host, settings.host)
    address, tls = f"{host}:{settings.grpc_port}", load_tls(environ)
    async with open_channel(address, forward="none", tls=tls, peer=name) as channel:
        # Its types lack the methods.
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=_SECONDS)
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

"""Server reflection, in its two versions. Their messages are the same; only the name of the service differs."""

from collections.abc import Sequence
from typing import Any, Final

import grpc
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection, reflection_pb2

from kernel.grpc.engine import Engine

_NAMES: Final = ("grpc.reflection.v1.ServerReflection", reflection.SERVICE_NAME)


def add_reflection(grpc_services: Sequence[str], server: Engine) -> None:
    """Let clients ask for the protos of these services and of health."""
    servicer: Any = reflection.aio.ReflectionServicer((*grpc_services, health.SERVICE_NAME, reflection.SERVICE_NAME))
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    for name in _NAMES:
        handlers = grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method})
        server.add_generic_rpc_handlers((handlers,))

"""Services with handlers of a test, behind the real protos and a real server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import grpc
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1 import auth_service_pb2_grpc as auth_rpc
from chatly.media.v1 import media_service_pb2_grpc as media_rpc
from chatly.messaging.v1 import messaging_service_pb2_grpc as messaging_rpc
from chatly.persister.v1 import persister_service_pb2_grpc as persister_rpc
from chatly.presence.v1 import presence_service_pb2_grpc as presence_rpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from kernel.service import HealthCheck, Service
from tests.fakes import Served

Unary = Callable[[Any, Any], Awaitable[Any]]
Stream = Callable[[Any, Any], AsyncIterator[Any]]

_ADD = {
    "auth": ("chatly.auth.v1.AuthService", auth_rpc.AuthServiceServicer, auth_rpc.add_AuthServiceServicer_to_server),
    "media": (
        "chatly.media.v1.MediaService",
        media_rpc.MediaServiceServicer,
        media_rpc.add_MediaServiceServicer_to_server,
    ),
    "messaging": (
        "chatly.messaging.v1.MessagingService",
        messaging_rpc.MessagingServiceServicer,
        messaging_rpc.add_MessagingServiceServicer_to_server,
    ),
    "persister": (
        "chatly.persister.v1.PersisterService",
        persister_rpc.PersisterServiceServicer,
        persister_rpc.add_PersisterServiceServicer_to_server,
    ),
    "presence": (
        "chatly.presence.v1.PresenceService",
        presence_rpc.PresenceServiceServicer,
        presence_rpc.add_PresenceServiceServicer_to_server,
    ),
}


def a_service(
    name: str,
    *,
    health: Mapping[str, HealthCheck] | None = None,
    drain: Callable[[], Awaitable[None]] | None = None,
    **handlers: Unary | Stream,
) -> Service:
    """Return the service `name` with these handlers. Its other methods are not implemented."""
    full_name, servicer, add = _ADD[name]
    methods = {method: staticmethod(handler) for method, handler in handlers.items()}
    made: Any = type("Scripted", (servicer,), methods)()

    def mount(server: grpc.aio.Server) -> None:
        add_any: Any = add
        add_any(made, server)

    return Service(name=name, grpc_services=[full_name], mount=[mount], health=health or {}, drain=drain)


def raw_call(served: Served, path: str, data: bytes) -> Awaitable[bytes]:
    """Call a method with raw bytes."""
    multi_callable: Any = served.channel.unary_unary(path)
    made: Awaitable[bytes] = multi_callable(data)
    return made


async def failure(call: Awaitable[Any]) -> grpc.aio.AioRpcError:
    """Return the error of a call."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError(f"the call succeeded with {answer!r}")


def reason(error: grpc.aio.AioRpcError) -> str:
    """Return the reason in ErrorInfo."""
    return info(error).reason


def info(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    found = error_details_pb2.ErrorInfo()
    assert _unpack(error, found), f"no ErrorInfo in {error!r}"
    return found


def violations(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """Return field → description of BadRequest."""
    found = error_details_pb2.BadRequest()
    assert _unpack(error, found), f"no BadRequest in {error!r}"
    return {item.field: item.description for item in found.field_violations}


def retry_seconds(error: grpc.aio.AioRpcError) -> float:
    found = error_details_pb2.RetryInfo()
    assert _unpack(error, found), f"no RetryInfo in {error!r}"
    return found.retry_delay.ToTimedelta().total_seconds()


def request_id(error: grpc.aio.AioRpcError) -> str:
    return str(dict(error.trailing_metadata())["x-request-id"])


def _unpack(error: grpc.aio.AioRpcError, into: Message) -> bool:
    raw = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert isinstance(raw, bytes)
    status = status_pb2.Status.FromString(raw)
    assert status.code == error.code().value[0]
    return any(detail.Unpack(into) for detail in status.details)


async def no_keys(_: auth_pb.GetJwksRequest, __: object) -> auth_pb.GetJwksResponse:
    """Return a handler for the public method without request fields."""
    return auth_pb.GetJwksResponse()

"""Services with handlers of the test's own making, behind the real protos and a real server."""

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
    """The service `name` whose methods are `handlers`; the others are not offered."""
    full_name, servicer, add = _ADD[name]
    methods = {method: staticmethod(handler) for method, handler in handlers.items()}
    made: Any = type("Scripted", (servicer,), methods)()

    def mount(server: grpc.aio.Server) -> None:
        add_any: Any = add
        add_any(made, server)

    return Service(name=name, grpc_services=[full_name], mount=[mount], health=health or {}, drain=drain)


def raw_call(served: Served, path: str, data: bytes) -> Awaitable[bytes]:
    """A call whose bytes are the test's own."""
    multi_callable: Any = served.channel.unary_unary(path)
    made: Awaitable[bytes] = multi_callable(data)
    return made


async def failure(call: Awaitable[Any]) -> grpc.aio.AioRpcError:
    """The error that a call ends with."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError(f"the call succeeded with {answer!r}")


def reason(error: grpc.aio.AioRpcError) -> str:
    """The reason in its ErrorInfo."""
    return info(error).reason


def info(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    found = error_details_pb2.ErrorInfo()
    assert _unpack(error, found), f"no ErrorInfo in {error!r}"
    return found


def violations(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """Field → description, of its BadRequest."""
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
    """A handler for the one public method that takes nothing."""
    return auth_pb.GetJwksResponse()

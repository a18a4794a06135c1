"""Converts ChatlyError to a gRPC status with google.rpc.Status details, and back."""

from collections.abc import Iterable

import grpc
from chatly.error.v1.error_reason_pb2 import ErrorReason
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from kernel.errors import ChatlyError, Code, FieldViolation, KernelReason, unavailable
from kernel.grpc.context import Request

DOMAIN = "chatly"
SERVER_FAULTS = {"DATA_LOSS", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN"}
"""Codes of calls that failed because of the server, not of the caller."""
_REASONS = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.DESCRIPTOR.values_by_name}
DETAILS_KEY = "grpc-status-details-bin"

# A status is sent in headers, and peers may reject headers above 8 KiB. A status contains its text twice, once with
# three bytes for each byte that is not ASCII.
_MAX_MESSAGE_BYTES = 1_000
_MAX_VIOLATIONS = 20


def grpc_code(code: Code) -> grpc.StatusCode:
    """Return the gRPC status code with the same name."""
    return grpc.StatusCode[code.name]


def details_of(error: ChatlyError) -> bytes:
    """Return a serialised google.rpc.Status with ErrorInfo, and BadRequest and RetryInfo if they apply."""
    status = status_pb2.Status(code=grpc_code(error.code).value[0], message=text_of(error))
    info = error_details_pb2.ErrorInfo(reason=str(error.reason), domain=DOMAIN, metadata=dict(error.metadata))
    status.details.add().Pack(info)
    if error.violations:
        bad_request = error_details_pb2.BadRequest()
        for violation in error.violations[:_MAX_VIOLATIONS]:
            bad_request.field_violations.add(field=violation.field, description=violation.description)
        status.details.add().Pack(bad_request)
    if error.retry_after is not None:
        delay = Duration()
        delay.FromNanoseconds(round(error.retry_after * 1e9))
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return status.SerializeToString()


def text_of(error: ChatlyError) -> str:
    """Return the status text, cut to fit into a header."""
    text = error.message.encode(errors="replace")
    if len(text) <= _MAX_MESSAGE_BYTES:
        return error.message
    return text[: _MAX_MESSAGE_BYTES - len("…".encode())].decode(errors="ignore") + "…"


def from_rpc_error(service: str, error: grpc.RpcError) -> ChatlyError:
    """Convert a failed call to the service `service` to the error for our own caller.

    Reason, metadata and violations of the peer are kept: its PERMISSION_DENIED passes through. If the peer is
    unreachable, shutting down or too slow, the error is UNAVAILABLE `SERVICE_UNAVAILABLE` with the peer's name.
    """
    if not isinstance(error, grpc.aio.AioRpcError):
        return _unavailable(service)
    peer_error = _peer_error(error)
    if peer_error is not None and peer_error.reason != KernelReason.SHUTTING_DOWN:
        return peer_error if peer_error.code is not Code.DEADLINE_EXCEEDED else _unavailable(service)
    if peer_error or error.code() in _UNREACHABLE:
        return _unavailable(service)
    message = f"{service} answered {error.code().name}: {error.details()}"
    return ChatlyError(Code.INTERNAL, KernelReason.INTERNAL, message, {"service": service})


_UNREACHABLE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}


def _unavailable(service: str) -> ChatlyError:
    return unavailable(KernelReason.SERVICE_UNAVAILABLE, f"{service} is unreachable", service=service)


def _peer_error(error: grpc.aio.AioRpcError) -> ChatlyError | None:
    """Return the ChatlyError that the peer raised, or None if the response has no ErrorInfo of Chatly."""
    status = _status(error.trailing_metadata() or ())
    info = error_details_pb2.ErrorInfo()
    if status is None or not _unpack(status, info) or info.domain != DOMAIN:
        return None
    if info.reason not in _REASONS or error.code().name not in Code.__members__:
        return None
    bad_request, retry = error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    _unpack(status, bad_request)
    retry_after = retry.retry_delay.ToNanoseconds() / 1e9 if _unpack(status, retry) else None
    return ChatlyError(
        Code[error.code().name],
        info.reason,
        status.message,
        dict(info.metadata),
        tuple(FieldViolation(item.field, item.description) for item in bad_request.field_violations),
        retry_after,
    )


def _status(metadata: Iterable[tuple[str, str | bytes]]) -> status_pb2.Status | None:
    for key, value in metadata:
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except ValueError:
                return None
    return None


def _unpack(
    status: status_pb2.Status,
    into: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo,
) -> bool:
    return any(detail.Unpack(into) for detail in status.details)


def as_chatly_error(error: Exception, request: Request) -> ChatlyError:
    """Return the error for the caller. Exceptions of unknown types are bugs: their details stay in the logs."""
    match error:
        case ChatlyError():
            return error
        case TimeoutError():
            return ChatlyError(Code.DEADLINE_EXCEEDED, KernelReason.DEADLINE_EXCEEDED, "the call took too long")
        case NotImplementedError():
            return ChatlyError(Code.UNIMPLEMENTED, KernelReason.NOT_OFFERED, f"{request.method} is not implemented yet")
        case _:
            message = f"internal error: look for the request id {request.request_id} in the logs"
            return ChatlyError(Code.INTERNAL, KernelReason.INTERNAL, message)

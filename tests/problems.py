"""Reads errors as clients get them: a google.rpc.Status, as JSON over HTTP or in the trailers of a gRPC call."""

from typing import Any

import grpc
import httpx
from google.protobuf.json_format import MessageToDict
from google.rpc import (
    error_details_pb2,  # noqa: F401 - details become JSON by their types, which must be known
    status_pb2,
)

Json = dict[str, Any]


def reason(answer: httpx.Response) -> str:
    """Return the error of a failed HTTP call. Fail unless its body is a google.rpc.Status with our ErrorInfo."""
    assert answer.headers["content-type"].startswith("application/json"), answer.text
    body = answer.json()
    assert set(body) == {"code", "message", "details"}, body
    info = _detail(body, "ErrorInfo")
    assert info.get("domain") == "chatly", body
    return str(info["reason"])


def metadata(answer: httpx.Response) -> Json:
    """Metadata of the ErrorInfo."""
    return dict(_detail(answer.json(), "ErrorInfo")["metadata"])


def retry_seconds(answer: httpx.Response) -> float:
    """Seconds to wait before a retry; 0 if the error has none."""
    return _retry_seconds(answer.json())


def violations(answer: httpx.Response) -> dict[str, str]:
    """Field → violated rule."""
    return _violations(answer.json())


def rpc_reason(error: grpc.aio.AioRpcError) -> str:
    """Return the reason of a failed gRPC call, or the name of its code if it has no reason."""
    return str(_detail(_status(error), "ErrorInfo").get("reason", error.code().name))


def rpc_violations(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """Field → violated rule."""
    return _violations(_status(error))


def rpc_retry_seconds(error: grpc.aio.AioRpcError) -> float:
    """Seconds to wait before a retry; 0 if the error has none."""
    return _retry_seconds(_status(error))


def status_json(serialized: bytes) -> Json:
    """A google.rpc.Status as the edge writes it in JSON."""
    return MessageToDict(status_pb2.Status.FromString(serialized), preserving_proto_field_name=True)


def _status(error: grpc.aio.AioRpcError) -> Json:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            return status_json(value)
    return {}


def _retry_seconds(status: Json) -> float:
    return float(_detail(status, "RetryInfo").get("retry_delay", "0s").removesuffix("s"))


def _violations(status: Json) -> dict[str, str]:
    return {item["field"]: item["description"] for item in _detail(status, "BadRequest").get("field_violations", ())}


def _detail(status: Json, kind: str) -> Json:
    found = (item for item in status.get("details", ()) if item["@type"] == f"type.googleapis.com/google.rpc.{kind}")
    return dict(next(found, {}))

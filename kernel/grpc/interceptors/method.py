"""What is known of one method before anybody calls it: its name, who may call it, and its shape."""

from dataclasses import dataclass

import grpc
from chatly.options.v1 import access_pb2
from google.protobuf import descriptor_pool


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC method. `access` is a value of chatly.options.v1.Access, never ACCESS_UNSPECIFIED."""

    service: str
    name: str
    access: access_pb2.Access.ValueType
    streams_requests: bool
    streams_responses: bool

    @property
    def full_name(self) -> str:
        """As in `chatly.auth.v1.AuthService/Login`."""
        return f"{self.service}/{self.name}"


def describe(service: str, name: str, handler: "grpc.RpcMethodHandler[object, object]") -> Method:
    """Look the method up in the protos; raise ValueError if they do not say who may call it."""
    descriptor = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    access = descriptor.GetOptions().Extensions[access_pb2.access]
    if access == access_pb2.ACCESS_UNSPECIFIED:
        raise ValueError(f"{service}/{name} has no (chatly.options.v1.access): who may call it?")
    return Method(service, name, access, bool(handler.request_streaming), bool(handler.response_streaming))

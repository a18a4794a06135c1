"""Lets callers in by a method's `(chatly.options.v1.access)`. What they may do there is the service's business."""

from dataclasses import dataclass

import grpc
from chatly.options.v1 import access_pb2
from google.protobuf import descriptor_pool

from kernel.errors import ChatlyError, KernelReason, denied, unauthenticated
from kernel.grpc.context import Caller, ServiceCaller
from kernel.grpc.tokens import ServiceTokens, TokenVerifier


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


class Access:
    """Checks the token that a method asks for."""

    def __init__(self, *, tokens: TokenVerifier, service_tokens: ServiceTokens) -> None:
        self._tokens = tokens
        self._service_tokens = service_tokens

    async def admit(self, method: Method, token: str | None) -> Caller:
        """Who calls; None for public methods. UNAUTHENTICATED `TOKEN_*`, PERMISSION_DENIED `SERVICE_ONLY`."""
        if method.access == access_pb2.ACCESS_PUBLIC:
            return None
        if token is None:
            raise unauthenticated(KernelReason.TOKEN_MISSING, "this call needs a token: authorization: Bearer …")
        if method.access == access_pb2.ACCESS_USER:
            return await self._tokens.verify(token)
        return await self._service(token)

    async def _service(self, token: str) -> ServiceCaller:
        try:
            return self._service_tokens.verify(token)
        except ChatlyError as error:
            # A good token of a user deserves the true answer: no other token of theirs will help.
            await self._tokens.verify(token)
            raise denied(KernelReason.SERVICE_ONLY, "only other services and operators may call this") from error

"""Lets callers in by a method's `(chatly.options.v1.access)`. What they may do there is the service's business."""

from chatly.options.v1 import access_pb2

from kernel.errors import ChatlyError, KernelReason, denied, unauthenticated
from kernel.grpc.context import Caller, ServiceCaller
from kernel.grpc.interceptors.method import Method
from kernel.grpc.tokens import ServiceTokens, TokenVerifier


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

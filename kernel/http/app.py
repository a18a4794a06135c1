"""The HTTP API of a service: /metrics, /healthz and its own routes, with the same tokens and errors as gRPC."""

from http import HTTPStatus
from math import ceil

from google.protobuf.json_format import MessageToDict
from google.rpc import status_pb2
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kernel.errors import ChatlyError, Code, KernelReason, unauthenticated
from kernel.grpc import context
from kernel.grpc.context import (
    REQUEST_ID_KEY,
    UserCaller,
    bearer,
    caller_var,
    current_request,
    read_request,
    request_var,
)
from kernel.grpc.health import HealthMonitor
from kernel.grpc.status import as_chatly_error, details_of
from kernel.grpc.tokens import TokenVerifier, check_user
from kernel.rates import UserRates
from kernel.service import Service
from kernel.telemetry import metrics, tracing
from kernel.telemetry.logs import logger
from kernel.telemetry.tracing import TRACEPARENT, Kind, Span

_STATUS = {
    Code.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    Code.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Code.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.ALREADY_EXISTS: HTTPStatus.CONFLICT,
    Code.FAILED_PRECONDITION: HTTPStatus.BAD_REQUEST,
    Code.ABORTED: HTTPStatus.CONFLICT,
    Code.OUT_OF_RANGE: HTTPStatus.BAD_REQUEST,
    Code.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    Code.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
    Code.UNIMPLEMENTED: HTTPStatus.NOT_IMPLEMENTED,
    Code.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}


async def authenticate(request: Request, *, counts_as: str = "") -> UserCaller:
    """Return the user of a request, by `Authorization: Bearer` or the cookie `chatly_access`; set `caller_var`.

    `counts_as`: the full name of a gRPC method whose limit per user the request shares. Raise UNAUTHENTICATED `TOKEN_*`
    or `SESSION_ENDED`, and RESOURCE_EXHAUSTED `RATE_LIMITED` above the limit.
    """
    token = bearer(request.headers, current_request())
    if token is None:
        raise unauthenticated(KernelReason.TOKEN_MISSING, "this request needs an access token")
    tokens: TokenVerifier = request.app.state.tokens
    caller = await tokens.verify(token)
    check_user(caller, current_request().for_user)
    caller_var.set(caller)
    rates: UserRates = request.app.state.rates
    rates.admit(counts_as, caller)
    return caller


def error_response(error: ChatlyError) -> JSONResponse:
    """Return a google.rpc.Status as JSON, in the form in which the edge answers REST calls."""
    status = status_pb2.Status.FromString(details_of(error))
    body = MessageToDict(status, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    headers = {} if error.retry_after is None else {"retry-after": str(ceil(error.retry_after))}
    return JSONResponse(body, status_code=_STATUS[error.code], headers=headers)


def build_app(
    service: Service, *, tokens: TokenVerifier, rates: UserRates, health: HealthMonitor, trust_edge: bool
) -> Starlette:
    """Build the application of a service."""
    app = Starlette(
        routes=[*_probe_routes(health), *service.routes],
        middleware=[Middleware(_Call, service=service.name, trust_edge=trust_edge)],
        exception_handlers={ChatlyError: _respond, HTTPException: _not_offered},
    )
    # A redirect would name the address of this service, not that of the edge.
    app.router.redirect_slashes = False
    app.state.tokens = tokens
    app.state.rates = rates
    return app


def build_probes(health: HealthMonitor) -> Starlette:
    """Build an application with /metrics and /healthz only."""
    return Starlette(routes=_probe_routes(health), exception_handlers={HTTPException: _not_offered})


def _probe_routes(health: HealthMonitor) -> list[Route]:
    async def healthz(_: Request) -> Response:
        status = HTTPStatus.OK if health.serving else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse(health.report(), status_code=status)

    async def prometheus(_: Request) -> Response:
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    return [Route("/healthz", healthz), Route("/metrics", prometheus)]


class _Call:
    """Middleware that sets the context variables, counts calls, and adds the request id. Streams bodies."""

    def __init__(self, app: ASGIApp, *, service: str, trust_edge: bool) -> None:
        self._app = app
        self._service = service
        self._trust_edge = trust_edge
        self._log = logger("http")
        self._answers = metrics.counter("chatly_http_answers", "Answers begun.", ["service", "status"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = self._read(Request(scope))
        request_var.set(request)
        caller_var.set(None)
        span = self._span(scope, request)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._answers.labels(self._service, message["status"]).inc()
                message["headers"] = [*message["headers"], (REQUEST_ID_KEY.encode(), request.request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            self._log.debug("the client disconnected", method=request.method)
        except Exception as error:
            self._log.exception("request failed", method=request.method)
            if status:
                # Raise, so that the server closes the connection: a partial response must not look complete.
                raise
            await error_response(as_chatly_error(error, request))(scope, receive, send_with_id)
        finally:
            if span is not None:
                span.end(str(status), failed=status >= HTTPStatus.INTERNAL_SERVER_ERROR)

    def _span(self, scope: Scope, request: context.Request) -> Span | None:
        parent = Headers(scope=scope).get(TRACEPARENT) if self._trust_edge else None
        name = f"{self._service} {scope['method']}"
        span = tracing.begin(
            name, Kind.SERVER, parent, request_id=request.request_id, attributes={"url.path": scope["path"]}
        )
        if span is not None:
            tracing.enter(span)
        return span

    def _read(self, request: Request) -> context.Request:
        return read_request(
            f"{request.method} {request.url.path}",
            request.headers,
            request.headers.getlist("cookie"),
            request.client.host if request.client else "",
            trust_edge=self._trust_edge,
        )


async def _respond(_: Request, error: Exception) -> Response:
    assert isinstance(error, ChatlyError)  # noqa: S101 - Starlette's signature is wider than its promise
    return error_response(error)


async def _not_offered(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette's signature is wider than its promise
    message = "this path does not exist, or not with this method"
    response = error_response(ChatlyError(Code.UNIMPLEMENTED, KernelReason.NOT_OFFERED, message))
    response.status_code = error.status_code
    response.headers.update(error.headers or {})
    return response

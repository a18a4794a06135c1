"""Channels to other services, with deadlines, tokens, and retries of calls that are safe to repeat."""

import asyncio
import json
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Literal, Self

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import MethodOptions

from kernel.grpc.context import REQUEST_ID_KEY, UserCaller, caller_var, request_var
from kernel.grpc.dial import Dialer, Options, PlainDialer, TlsDialer
from kernel.grpc.status import SERVER_FAULTS, from_rpc_error
from kernel.grpc.tls import MeshTls
from kernel.grpc.tokens import ServiceTokens
from kernel.telemetry import tracing
from kernel.telemetry.tracing import TRACEPARENT, Kind, Span

__all__ = ["Forward", "from_rpc_error", "open_channel"]

Forward = Literal["user", "service", "none"]

DEFAULT_TIMEOUT = 5.0
MAX_MESSAGE_BYTES = 4 * 1024 * 1024 + 64 * 1024

_RETRY = {
    "maxAttempts": 4,
    "initialBackoff": "0.05s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}


def open_channel(
    address: str,
    *,
    forward: Forward,
    service_tokens: ServiceTokens | None = None,
    name: str = "",
    grpc_services: Sequence[str] = (),
    default_timeout: float = DEFAULT_TIMEOUT,
    tls: MeshTls | None = None,
    peer: str = "",
) -> grpc.aio.Channel:
    """Return a channel to `host:port`, which connects and reconnects by itself. The caller closes it.

    forward: the token that calls carry. `user`: the token of the user being served; `service`: a token of the service
        `name`, issued by `service_tokens`; `none`: no token.
    grpc_services: full names of the services that are called. Methods that the proto marks as NO_SIDE_EFFECTS or
        IDEMPOTENT are retried while the peer is unavailable. The stubs of the services must be imported.
    default_timeout: seconds, for unary calls without a timeout. Streams have no timeout.
    tls: use mutual TLS and accept only a certificate of the service `peer`. None: plaintext.
    """
    token = _token_source(forward, service_tokens, name)
    options = [
        ("grpc.service_config", json.dumps({"methodConfig": _retries(grpc_services)})),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        # Reconnect soon after a restart of the peer. The default backoff grows to two minutes.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        # A dead connection shows only by an unanswered ping; calls then use the next address. A ping that measures
        # bandwidth delays the keepalive ping, so both pings have the same timeout.
        ("grpc.keepalive_time_ms", 2_000),
        ("grpc.keepalive_timeout_ms", 2_000),
        ("grpc.http2.ping_timeout_ms", 2_000),
    ]
    return _MeshChannel(_dialer(address, options, tls, peer), token, default_timeout)


def _dialer(address: str, options: Options, tls: MeshTls | None, peer: str) -> Dialer:
    if tls is None:
        return PlainDialer(address, options)
    if not peer:
        raise ValueError("a channel with TLS needs the name of the service in `peer`")
    return TlsDialer(address, options, tls=tls, name=peer)


def _token_source(forward: Forward, tokens: ServiceTokens | None, name: str) -> Callable[[], str | None]:
    if forward == "service":
        if tokens is None or not name:
            raise ValueError("a channel with a service token needs service_tokens and name")
        return lambda: tokens.issue(name)
    return _user_token if forward == "user" else lambda: None


def _user_token() -> str | None:
    caller = caller_var.get()
    return caller.token if isinstance(caller, UserCaller) else None


def _retries(grpc_services: Sequence[str]) -> list[dict[str, Any]]:
    repeatable = {MethodOptions.NO_SIDE_EFFECTS, MethodOptions.IDEMPOTENT}
    names = [
        {"service": service, "method": method.name}
        for service in grpc_services
        for method in descriptor_pool.Default().FindServiceByName(service).methods
        if method.GetOptions().idempotency_level in repeatable
    ]
    return [{"name": names, "retryPolicy": _RETRY}] if names else []


class _MeshChannel(grpc.aio.Channel):
    """Adds metadata and deadlines to calls. Unlike grpc.aio's client interceptors, it needs no task per call."""

    def __init__(self, dialer: Dialer, token: Callable[[], str | None], default_timeout: float) -> None:
        self._dialer = dialer
        self._token = token
        self._default_timeout = default_timeout
        self._watching: set[asyncio.Task[None]] = set()

    def unary_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._calling(
            method, lambda channel: channel.unary_unary(method, *args, **kwargs), self._default_timeout
        )

    def unary_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._calling(method, lambda channel: channel.unary_stream(method, *args, **kwargs), None)

    def stream_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._calling(method, lambda channel: channel.stream_unary(method, *args, **kwargs), None)

    def stream_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._calling(method, lambda channel: channel.stream_stream(method, *args, **kwargs), None)

    def _calling(self, method: str, make: Callable[[grpc.aio.Channel], Any], default_timeout: float | None) -> Any:
        name = method.removeprefix("/")
        channel_in_use = self._dialer.channel()
        multi_callable = make(channel_in_use)

        def call(
            *args: Any, timeout: float | None = None, metadata: Sequence[tuple[str, str]] | None = None, **kwargs: Any
        ) -> Any:
            nonlocal channel_in_use, multi_callable
            if (channel := self._dialer.channel()) is not channel_in_use:
                channel_in_use, multi_callable = channel, make(channel)
            timeout = default_timeout if timeout is None else timeout
            if tracing.current() is None:
                return multi_callable(*args, timeout=timeout, metadata=self._metadata(metadata), **kwargs)
            span = _client_span(name)
            started = multi_callable(*args, timeout=timeout, metadata=self._metadata(metadata, span), **kwargs)
            if span is not None:
                self._watch(started, span)
            return started

        return call

    def _watch(self, call: Any, span: Span) -> None:
        watching = asyncio.ensure_future(_end_with(call, span))
        self._watching.add(watching)
        watching.add_done_callback(self._watching.discard)

    def _metadata(self, given: Sequence[tuple[str, str]] | None, span: Span | None = None) -> list[tuple[str, str]]:
        metadata = list(given or ())
        if token := self._token():
            metadata.append(("authorization", f"Bearer {token}"))
        request = request_var.get(None)
        if request is not None:
            metadata.append((REQUEST_ID_KEY, request.request_id))
        if span is not None:
            metadata.append((TRACEPARENT, span.traceparent))
        return metadata

    async def close(self, grace: float | None = None) -> None:
        await self._dialer.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002
        return self._dialer.channel().get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        await self._dialer.channel().wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        await self._dialer.channel().channel_ready()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._dialer.close(None)


def _client_span(name: str) -> Span | None:
    current, request = tracing.current(), request_var.get(None)
    if current is None:
        return None
    return tracing.begin(name, Kind.CLIENT, current.traceparent, request_id=request.request_id if request else "")


async def _end_with(call: Any, span: Span) -> None:
    """End the span when the call ends."""
    code = await call.code()
    span.end(code.name, failed=code.name in SERVER_FAULTS)

"""A bare server of one library, with generic handlers of a test, and channels to it."""

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc

from kernel.grpc.client import open_channel
from kernel.grpc.engine import Engine, new_engine
from kernel.grpc.settings import ServerSettings
from kernel.grpc.tls import MeshTls

SERVICE = "test.Bare"
_KINDS = {
    (False, False): (grpc.unary_unary_rpc_method_handler, "unary_unary"),
    (False, True): (grpc.unary_stream_rpc_method_handler, "unary_stream"),
    (True, False): (grpc.stream_unary_rpc_method_handler, "stream_unary"),
    (True, True): (grpc.stream_stream_rpc_method_handler, "stream_stream"),
}


async def echo(request: bytes, _: object) -> bytes:
    return request


@dataclass(frozen=True)
class Bare:
    """A running server whose only method is `Do`. Its messages are bytes."""

    engine: Engine
    port: int
    channel: grpc.aio.Channel
    kind: str

    def call(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - gRPC has no common type of calls
        """Call `Do`."""
        multi_callable: Any = getattr(self.channel, self.kind)(f"/{SERVICE}/Do")
        return multi_callable(*arguments, **options)


class OpenTls(MeshTls):
    """TLS for clients without a certificate, such as the tools that check a server."""

    def grpc_context(self) -> ssl.SSLContext:
        context = self.current().as_grpc_server
        context.verify_mode = ssl.CERT_NONE
        return context


@asynccontextmanager
async def serving(
    library: str,
    services: Mapping[str, "Mapping[str, grpc.RpcMethodHandler[Any, Any]]"],
    *,
    tls: MeshTls | None = None,
    **settings: Any,
) -> AsyncIterator[tuple[Engine, int]]:
    """Serve handlers by service and method. Yield the server and its port."""
    engine = new_engine(ServerSettings(grpc_engine=library, **settings))
    engine.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, dict(methods)) for service, methods in services.items()]
    )
    port = engine.bind("127.0.0.1", 0, tls)
    await engine.start()
    try:
        yield engine, port
    finally:
        await engine.stop(0)


@asynccontextmanager
async def bare(
    library: str,
    handler: Callable[[Any, Any], Any],
    *,
    requests: bool = False,
    responses: bool = False,
    options: list[tuple[str, int]] | None = None,
    tls: MeshTls | None = None,
    **settings: Any,
) -> AsyncIterator[Bare]:
    """Serve `handler` as the method `Do`; `requests`, `responses`: whether these are streams."""
    make, kind = _KINDS[requests, responses]
    any_make: Any = make
    async with serving(library, {SERVICE: {"Do": any_make(handler)}}, tls=tls, **settings) as (engine, port):
        address = f"127.0.0.1:{port}"
        async with (
            grpc.aio.insecure_channel(address, options)
            if tls is None
            else open_channel(address, forward="none", tls=tls, peer="test") as channel
        ):
            yield Bare(engine, port, channel, kind)

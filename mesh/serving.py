"""Serves targets over a platform, in this process."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager

from kernel.errors import ChatlyError, Code
from kernel.grpc.jwks import JwksFeed
from kernel.grpc.server import RunningServer, serve
from kernel.grpc.settings import ServerSettings, load_server_settings
from kernel.grpc.tls import load_tls
from kernel.grpc.tokens import ServiceTokens, TokenKeys, TokenVerifier
from kernel.platform import Engines, Platform
from kernel.runner import background, release_startup_memory
from kernel.service import Service
from kernel.settings import load
from kernel.sockets import reserved
from kernel.telemetry.logs import logger
from mesh.distributed import are_missing, open_distributed_platform
from mesh.platform import GRPC_SERVICES, open_platform
from mesh.safety import refuse_unsafe_service
from mesh.settings import PORTS, ProcessSettings, required_secret
from mesh.targets import TARGETS, Target
from mesh.traces import tracing

# Connecting takes a moment also where everything is there.
_PATIENCE_SECONDS = 5.0
_LOOK_SECONDS = 0.2


@asynccontextmanager
async def serving(
    target: Target, environ: Mapping[str, str], platform: Platform, published: TokenKeys
) -> AsyncIterator[RunningServer]:
    """One target, from opening its stores to draining; `published` are the keys as auth tells them."""
    async with (
        target.open(environ, platform) as service,
        background(service.loops),
        _served(service, environ, platform, service.token_keys or published) as server,
    ):
        yield server


async def serve_one(name: str, environ: Mapping[str, str], stop: asyncio.Event) -> None:
    """`chatly serve <name>`: one service until `stop`, however long an engine that it needs is away at the start."""
    process, target = load(ProcessSettings, environ), TARGETS[name]
    # First what is wrong with the settings: it is told also where another process has the ports.
    opening = _platform(process, target, environ)
    with ports_of([target], environ):
        async with tracing(environ, service=name), opening as platform:
            await _serve_over(platform, target, environ, stop)


async def _serve_over(platform: Platform, target: Target, environ: Mapping[str, str], stop: asyncio.Event) -> None:
    feed = JwksFeed(platform.service_channel("auth"))
    async with background({} if target.name == "auth" else {"jwks": feed.run}):
        while not stop.is_set():
            try:
                await _wait_for_engines(target, environ, platform, feed, stop)
                await _serve_until(stop, target, environ, platform, feed)
            except ChatlyError as error:
                if error.code is not Code.UNAVAILABLE:
                    raise
                # An engine that was there a moment ago.
                logger("mesh").warning("cannot be opened yet", service=target.name, error=str(error))


@contextmanager
def ports_of(targets: Iterable[Target], environ: Mapping[str, str]) -> Iterator[None]:
    """Reserve the ports of what is to be served here, before anything opens a connection."""
    with ExitStack() as stack:
        for target in targets:
            stack.enter_context(reserved(target.name, _server_settings(target.name, environ)))
        yield


def _platform(
    process: ProcessSettings, target: Target, environ: Mapping[str, str]
) -> AbstractAsyncContextManager[Platform]:
    secret, tls = required_secret(process), load_tls(environ)
    if process.distributed:
        refuse_unsafe_service(environ, target.name, uses_log=target.log)
        return open_distributed_platform(process, target, environ, secret=secret, tls=tls)
    return open_platform(process, secret=secret, name=target.name, tls=tls)


async def _serve_until(
    stop: asyncio.Event, target: Target, environ: Mapping[str, str], platform: Platform, feed: JwksFeed
) -> None:
    if stop.is_set():
        return
    async with serving(target, environ, platform, feed) as server:
        release_startup_memory()
        logger("mesh").info("serving", service=target.name, grpc=server.address, http_port=server.http_port)
        await stop.wait()


async def _wait_for_engines(
    target: Target, environ: Mapping[str, str], platform: Platform, published: TokenKeys, stop: asyncio.Event
) -> None:
    """Return at once where there is nothing to wait for. Who asks meanwhile hears what is missing: NOT_SERVING."""
    engines = platform.engines
    if engines is None or await _are_there(engines, stop, seconds=_PATIENCE_SECONDS):
        return
    waiting = Service(name=target.name, grpc_services=GRPC_SERVICES[target.name], mount=(), health=engines.health)
    async with _served(waiting, environ, platform, published):
        await _are_there(engines, stop)


async def _are_there(engines: Engines, stop: asyncio.Event, *, seconds: float = math.inf) -> bool:
    """Wait for all of them, or for `stop`; False if that takes longer."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not stop.is_set() and await are_missing(engines):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True


def _served(
    service: Service, environ: Mapping[str, str], platform: Platform, keys: TokenKeys
) -> AbstractAsyncContextManager[RunningServer]:
    settings = _server_settings(service.name, environ)
    service_tokens = ServiceTokens(platform.service_secret, clock=platform.clock)
    tokens = TokenVerifier(keys=keys, clock=platform.clock)
    return serve(service, settings=settings, tokens=tokens, service_tokens=service_tokens, tls=platform.tls)


def _server_settings(name: str, environ: Mapping[str, str]) -> ServerSettings:
    return load_server_settings(name, port=PORTS[name], environ=environ)

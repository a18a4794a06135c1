"""Serves one or more services in this process."""

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

from kernel.clock_watch import ClockWatch, WriteTimeWatch, last_write
from kernel.errors import ChatlyError, Code
from kernel.grpc.jwks import JwksFeed
from kernel.grpc.server import RunningServer, serve
from kernel.grpc.settings import ServerSettings, load_server_settings
from kernel.grpc.tls import load_tls
from kernel.grpc.tokens import ServiceTokens, TokenKeys, TokenVerifier
from kernel.platform import Engines, Platform
from kernel.rates import UserRates
from kernel.runner import background, release_startup_memory
from kernel.service import HealthCheck, Service
from kernel.settings import SettingsError, load
from kernel.sockets import reserved
from kernel.telemetry.logs import logger
from kernel.telemetry.tracing import TraceSettings
from kernel.time import SystemClock
from mesh.addresses import load_addresses
from mesh.distributed import any_unreachable, open_distributed_platform
from mesh.health import CLOCK_CHECK
from mesh.platform import open_platform
from mesh.safety import refuse_unsafe_service
from mesh.services import SERVICES, ServiceSpec
from mesh.settings import ProcessSettings, required_secret

_CONNECT_SECONDS = 5.0
"""Time for the engines to connect before the service reports NOT_SERVING."""
_POLL_SECONDS = 0.2
_TRACING_LIBRARY = "opentelemetry"


@asynccontextmanager
async def serving(
    spec: ServiceSpec, environ: Mapping[str, str], platform: Platform, published: TokenKeys
) -> AsyncIterator[RunningServer]:
    """Open a service, serve it until the block ends, then drain it. `published` has the keys that auth publishes."""
    # Make the check before the service opens: it reads the time of the last write, and the service may write.
    clock = _clock_check(spec.name, platform)
    # Measure the clock before the service uses it.
    await clock()
    async with (
        spec.open(environ, platform) as service,
        background(service.loops),
        _served(_with_clock(service, clock), environ, platform, service.token_keys or published) as server,
    ):
        yield server


def _clock_check(service: str, platform: Platform) -> HealthCheck:
    if platform.engines is not None:
        engines = platform.engines
        return ClockWatch(
            service=service, clock=SystemClock(), engines=engines.clocks, correct=engines.correct_clock
        ).check
    written = last_write(platform.data_dir.glob("*.db*"))
    return WriteTimeWatch(service=service, clock=platform.clock, last_write=written).check


def _with_clock(service: Service, check: HealthCheck) -> Service:
    return replace(service, health={**service.health, CLOCK_CHECK: check})


async def serve_one(name: str, environ: Mapping[str, str], stop: asyncio.Event) -> None:
    """Serve one service until `stop`, for `chatly serve <name>`. Engines may be unreachable at the start."""
    process, spec = load(ProcessSettings, environ), SERVICES[name]
    # Read the settings before holding the ports, so that wrong settings are reported even if another process has the
    # ports.
    opening = _platform(process, spec, environ)
    with reserved(name, _server_settings(name, environ)):
        async with tracing(environ, service=name), opening as platform:
            await _serve_over(platform, spec, environ, stop)


async def _serve_over(platform: Platform, spec: ServiceSpec, environ: Mapping[str, str], stop: asyncio.Event) -> None:
    feed = JwksFeed(platform.service_channel("auth"))
    async with background({} if spec.name == "auth" else {"jwks": feed.run}):
        while not stop.is_set():
            try:
                await _wait_for_engines(spec, environ, platform, feed, stop)
                await _serve_until(stop, spec, environ, platform, feed)
            except ChatlyError as error:
                if error.code is not Code.UNAVAILABLE:
                    raise
                # An engine became unreachable after it had been reached. The loop waits for it.
                logger("mesh").warning("cannot open the service yet", service=spec.name, error=str(error))


def _platform(
    process: ProcessSettings, spec: ServiceSpec, environ: Mapping[str, str]
) -> AbstractAsyncContextManager[Platform]:
    secret, tls = required_secret(process), load_tls(environ)
    if process.distributed:
        refuse_unsafe_service(environ, spec)
        return open_distributed_platform(process, spec, environ, secret=secret, tls=tls)
    return open_platform(process, load_addresses(environ), secret=secret, name=spec.name, tls=tls)


async def _serve_until(
    stop: asyncio.Event, spec: ServiceSpec, environ: Mapping[str, str], platform: Platform, feed: JwksFeed
) -> None:
    if stop.is_set():
        return
    async with serving(spec, environ, platform, feed) as server:
        release_startup_memory()
        logger("mesh").info("serving", service=spec.name, grpc=server.address, http_port=server.http_port)
        await stop.wait()


async def _wait_for_engines(
    spec: ServiceSpec, environ: Mapping[str, str], platform: Platform, published: TokenKeys, stop: asyncio.Event
) -> None:
    """Return once every engine was reached, or at `stop`.

    If the engines take longer than 5 s, report NOT_SERVING with the missing engines until they are reached.
    """
    engines = platform.engines
    if engines is None or await _reached(engines, stop, seconds=_CONNECT_SECONDS):
        return
    waiting = Service(name=spec.name, grpc_services=spec.grpc_services, mount=(), health=engines.health)
    async with _served(waiting, environ, platform, published):
        await _reached(engines, stop)


async def _reached(engines: Engines, stop: asyncio.Event, *, seconds: float = math.inf) -> bool:
    """Wait until every engine was reached or `stop` is set, and return True.

    Return False if `seconds` pass before that.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while not stop.is_set() and await any_unreachable(engines):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True


@asynccontextmanager
async def _served(
    service: Service, environ: Mapping[str, str], platform: Platform, keys: TokenKeys
) -> AsyncIterator[RunningServer]:
    settings = _server_settings(service.name, environ)
    service_tokens = ServiceTokens(platform.service_secret, clock=platform.clock)
    tokens = TokenVerifier(keys=keys, clock=platform.clock)
    rates = UserRates(clock=platform.clock, factor=settings.user_rates)
    async with (
        background(_rates_exchange(service.name, platform, rates)),
        serve(
            service, settings=settings, tokens=tokens, service_tokens=service_tokens, rates=rates, tls=platform.tls
        ) as server,
    ):
        yield server


def _rates_exchange(service: str, platform: Platform, rates: UserRates) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Return the loop that joins the limits of all nodes of a service. Embedded, there is one node."""
    if platform.engines is None:
        return {}
    from kernel.redis.rates import RatesExchange

    return {f"{service} rates": RatesExchange(redis=platform.engines.redis, rates=rates).run}


def tracing(environ: Mapping[str, str], *, service: str) -> AbstractAsyncContextManager[None]:
    """Send traces under this service name until the block ends, if a collector is configured.

    Raise SettingsError if the tracing libraries are not installed.
    """
    settings = load(TraceSettings, environ)
    if not settings.endpoint:
        return _without_tracing_library()
    try:
        from kernel.telemetry.otel import open_otel
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but {error.name} is not installed: install the extra `otel`"
        ) from error
    return open_otel(settings, service=service)


@asynccontextmanager
async def _without_tracing_library() -> AsyncIterator[None]:
    """Hide the tracing library from drivers, which would import it if it is installed.

    The library takes 3 MiB of memory.
    """
    if _TRACING_LIBRARY in sys.modules:
        yield
        return
    sys.modules[_TRACING_LIBRARY] = None  # type: ignore[assignment]  # Python's way to say that a module is missing
    try:
        yield
    finally:
        del sys.modules[_TRACING_LIBRARY]


def _server_settings(name: str, environ: Mapping[str, str]) -> ServerSettings:
    spec = SERVICES[name]
    return load_server_settings(name, port=spec.grpc_port, engine=spec.grpc_engine, environ=environ)

"""Cost of tracing a call: an empty call through every interceptor that makes another empty call through a channel."""

import asyncio
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, nullcontext

import grpc
from chatly.auth.v1.auth_service_pb2 import GetJwksRequest, GetJwksResponse
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub

from bench.report import Row, Section, spread
from bench.scale import Scale
from bench.sides.stage import Stage
from kernel.grpc.client import open_channel
from kernel.telemetry.otel import open_otel
from kernel.telemetry.tracing import TraceSettings
from tests.fakes import running
from tests.ports import free_ports
from tests.rpc.kernel.harness import a_service

_SLICES = 5
_CALLS = 1_000
_AT_ONCE = 8
# Name → whether tracing is on, and the share of sampled calls.
_SIDES = {"off": (False, 0.0), "on, 0 %": (True, 0.0), "on, 1 %": (True, 0.01), "on, 100 %": (True, 1.0)}


async def measure(_stage: Stage, scale: Scale) -> Section:
    raw: list[dict[str, object]] = []
    with _sink() as endpoint:
        async with _two_hops() as stub:
            await _calls(stub, 0.0)
            for _ in range(_SLICES * scale.rounds):
                for side, (on, share) in _SIDES.items():
                    started = time.process_time()
                    async with _tracing(endpoint) if on else nullcontext():
                        await _calls(stub, share)
                    # Includes sending the remaining spans, which the end waits for.
                    raw.append({"side": side, "micros": (time.process_time() - started) / _CALLS * 1e6})
    # The minimum of many: disturbances only ever make a slice longer.
    least = {side: min(spread(raw, side, "micros").values) for side in _SIDES}
    rows = [
        Row("CPU of two hops, µs: the least", side, f"{found:,.0f}", f"{found - least['off']:+.0f} µs")
        for side, found in least.items()
    ]
    return Section("Traces: both ends of two empty calls, one inside the other", rows, raw)


async def _calls(stub: AuthServiceStub, share: float) -> None:
    every = round(1 / share) if share else 0
    gate = asyncio.Semaphore(_AT_ONCE)

    async def call(number: int) -> None:
        flags = "01" if every and number % every == 0 else "00"
        parent = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{flags}"
        async with gate:
            await stub.GetJwks(GetJwksRequest(), metadata=(("traceparent", parent),))

    await asyncio.gather(*map(call, range(_CALLS)))


@asynccontextmanager
async def _two_hops() -> AsyncIterator[AuthServiceStub]:
    async def inner(_: GetJwksRequest, __: object) -> GetJwksResponse:
        return GetJwksResponse()

    async with AsyncExitStack() as stack:
        far = await stack.enter_async_context(running(a_service("auth", GetJwks=inner)))
        channel = await stack.enter_async_context(open_channel(far.server.address, forward="none"))
        beyond = AuthServiceStub(channel)

        async def outer(_: GetJwksRequest, __: object) -> GetJwksResponse:
            return await beyond.GetJwks(GetJwksRequest())

        near = await stack.enter_async_context(running(a_service("auth", GetJwks=outer)))
        client = await stack.enter_async_context(grpc.aio.insecure_channel(near.server.address))
        yield AuthServiceStub(client)


def _tracing(endpoint: str) -> AbstractAsyncContextManager[None]:
    return open_otel(TraceSettings(endpoint=endpoint, certificate=""), service="bench")


@contextmanager
def _sink() -> Iterator[str]:
    port = next(free_ports())
    process = subprocess.Popen([sys.executable, "-m", "bench.sink", str(port)])  # noqa: S603
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()

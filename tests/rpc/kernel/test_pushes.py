"""Responses that are pushed to a call, past the task of its handler: over libnghttp2 alone."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from kernel.grpc.responses import SharedResponse
from tests.rpc.kernel.bare import bare
from tests.waiting import eventually

Context = grpc.aio.ServicerContext[Any, Any]


async def test_pushed_and_yielded_responses_arrive_in_order(grpc_engine: str) -> None:
    go_on = [asyncio.Semaphore(0), asyncio.Semaphore(0)]

    async def handler(request: bytes, context: Context) -> AsyncIterator[bytes]:
        context.set_compression(grpc.Compression.Gzip)
        responses = server.engine.responses(context)
        for number in range(4):
            if responses.ready():
                for push in range(3):
                    responses.push(shared[push])
            yield b"yielded %d" % number
            await go_on[int(request)].acquire()

    shared = [SharedResponse(b"pushed %d " % number + bytes(2_000)) for number in range(3)]
    async with bare(grpc_engine, handler, responses=True) as server, asyncio.timeout(10):
        calls = [server.call(b"0", compression=grpc.Compression.Gzip), server.call(b"1")]
        received: list[list[bytes]] = [[], []]
        for number in range(4):
            for call, messages in zip(calls, received, strict=True):
                while not messages or messages[-1] != b"yielded %d" % number:
                    messages.append(await call.read())
            for each in go_on:
                each.release()

    pushed = [response.data for response in shared] if grpc_engine == "ngh2" else []
    expected = [message for number in range(4) for message in (*pushed, b"yielded %d" % number)]
    assert received == [expected, expected]
    # Framed once for all calls.
    assert all(len(response.frames) == (1 if grpc_engine == "ngh2" else 0) for response in shared)


async def test_a_stream_is_not_ready_while_its_client_does_not_read(grpc_engine: str) -> None:
    pushed, over = 0, asyncio.Event()

    async def handler(_: bytes, context: Context) -> AsyncIterator[bytes]:
        nonlocal pushed
        yield b"first"
        responses = server.engine.responses(context)
        while not over.is_set():
            while responses.ready():
                responses.push(response)
                pushed += 1
            await asyncio.sleep(0.01)

    fixed_window = [("grpc.http2.bdp_probe", 0)]
    response = SharedResponse(bytes(10_000))
    async with bare(grpc_engine, handler, responses=True, options=fixed_window) as server, asyncio.timeout(30):
        call = server.call(b"")
        await call.read()
        await asyncio.sleep(0.3)
        stuck = pushed
        for _ in range(stuck):
            assert await call.read() == bytes(10_000)
        if grpc_engine == "ngh2":
            await eventually(lambda: pushed > stuck)
        over.set()
        rest = 0
        while await call.read() is not grpc.aio.EOF:
            rest += 1

    assert stuck + rest == pushed
    assert (0 < stuck < 100) if grpc_engine == "ngh2" else not pushed


@pytest.mark.parametrize("end", ["cancel", "deadline", "stop"])
async def test_a_stream_that_is_over_is_not_ready(grpc_engine: str, end: str) -> None:
    ready: list[bool] = []
    left = asyncio.Event()

    async def handler(_: bytes, context: Context) -> AsyncIterator[bytes]:
        responses = server.engine.responses(context)
        yield b"first"
        try:
            await asyncio.Event().wait()
        finally:
            ready.append(responses.ready())
            left.set()

    async with bare(grpc_engine, handler, responses=True) as server, asyncio.timeout(10):
        call = server.call(b"", timeout=0.5 if end == "deadline" else 5)
        await call.read()
        if end == "cancel":
            call.cancel()
        elif end == "stop":
            await server.engine.stop(0.1)
        await left.wait()

    assert ready == [False]

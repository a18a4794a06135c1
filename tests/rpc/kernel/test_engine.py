"""The behaviour of both libraries of the gRPC server, as far as handlers and clients notice it."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from kernel.grpc.client import MAX_MESSAGE_BYTES
from tests.rpc.kernel import frames
from tests.rpc.kernel.bare import bare, echo
from tests.rpc.kernel.harness import failure
from tests.waiting import eventually

Code = grpc.StatusCode
Context = grpc.aio.ServicerContext[Any, Any]
UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


async def test_metadata_of_both_kinds_goes_both_ways(grpc_engine: str) -> None:
    seen: dict[str, Any] = {}

    async def handler(_: bytes, context: Context) -> bytes:
        seen.update(dict(tuple(context.invocation_metadata() or ())))
        await context.send_initial_metadata((("first", "a b"), ("first-bin", b"\0\xff")))
        context.set_trailing_metadata((("last", "z"), ("last-bin", b"")))
        return b""

    async with bare(grpc_engine, handler) as server:
        call = server.call(b"", metadata=(("key", "value"), ("key-bin", b"\1\xfe")))
        initial, trailing = dict(await call.initial_metadata()), dict(await call.trailing_metadata())

    assert (seen["key"], seen["key-bin"]) == ("value", b"\1\xfe")
    assert "content-type" not in seen
    assert (initial["first"], initial["first-bin"]) == ("a b", b"\0\xff")
    assert (trailing["last"], trailing["last-bin"]) == ("z", b"")


async def test_an_exception_of_a_handler_is_an_unknown_error_that_names_it(grpc_engine: str) -> None:
    async def handler(_: bytes, __: object) -> bytes:
        raise KeyError("name")

    async with bare(grpc_engine, handler) as server:
        error = await failure(server.call(b""))

    assert (error.code(), error.details()) == (Code.UNKNOWN, "Unexpected <class 'KeyError'>: 'name'")


@pytest.mark.parametrize("responses", [False, True], ids=["unary", "stream"])
async def test_abort_ends_the_call_with_its_status(grpc_engine: str, *, responses: bool) -> None:
    async def handler(_: bytes, context: Context) -> bytes:
        await context.abort(Code.NOT_FOUND, "nöt\nhere %", (("why", "gone"),))
        raise AssertionError

    async with bare(grpc_engine, handler, responses=responses) as server:
        call = server.call(b"")
        error = await failure(call.read() if responses else call)

    assert (error.code(), error.details()) == (Code.NOT_FOUND, "nöt\nhere %")
    assert dict(error.trailing_metadata())["why"] == "gone"


async def test_a_handler_may_set_the_status_without_an_exception(grpc_engine: str) -> None:
    async def handler(_: bytes, context: Context) -> bytes:
        context.set_code(Code.DATA_LOSS)
        context.set_details("lost")
        return b""

    async with bare(grpc_engine, handler) as server:
        error = await failure(server.call(b""))

    assert (error.code(), error.details()) == (Code.DATA_LOSS, "lost")


async def test_a_context_knows_its_peer_and_its_deadline(grpc_engine: str) -> None:
    seen: list[Any] = []

    async def handler(_: bytes, context: Context) -> bytes:
        seen.extend((context.peer(), context.time_remaining(), context.peer_identities()))
        return b""

    async with bare(grpc_engine, handler) as server:
        await server.call(b"", timeout=20)

    peer, remaining, identities = seen
    assert peer.startswith("ipv4:127.0.0.1:")
    assert 15 < remaining < 21
    assert not identities


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_compressed_messages_go_both_ways(grpc_engine: str, compression: grpc.Compression) -> None:
    async def handler(request: bytes, context: Context) -> bytes:
        context.set_compression(compression)
        return request

    async with bare(grpc_engine, handler) as server:
        assert await server.call(b"x" * 100_000, compression=compression) == b"x" * 100_000


@pytest.mark.parametrize("size", [0, 1, 16_379, 70_000, MAX_MESSAGE_BYTES])
async def test_messages_of_any_allowed_size_go_both_ways(grpc_engine: str, size: int) -> None:
    async with bare(grpc_engine, echo, options=UNLIMITED) as server:
        assert await server.call(bytes(size)) == bytes(size)


async def test_a_message_above_the_limit_is_refused(grpc_engine: str) -> None:
    async with bare(grpc_engine, echo, options=UNLIMITED) as server:
        error = await failure(server.call(bytes(MAX_MESSAGE_BYTES + 1)))
        assert await server.call(b"still there") == b"still there"

    assert error.code() is Code.RESOURCE_EXHAUSTED
    assert "larger than max" in str(error.details())


async def test_an_answer_above_the_limit_is_refused(grpc_engine: str) -> None:
    async def handler(_: bytes, __: object) -> bytes:
        return bytes(MAX_MESSAGE_BYTES + 1)

    async with bare(grpc_engine, handler, options=UNLIMITED) as server:
        error = await failure(server.call(b""))

    assert error.code() is Code.RESOURCE_EXHAUSTED


async def test_unknown_methods_are_not_implemented(grpc_engine: str) -> None:
    async with bare(grpc_engine, echo) as server:
        for path in ("/test.Bare/Other", "/other.Service/Do", "/"):
            other: Any = server.channel.unary_unary(path)
            assert (await failure(other(b""))).code() is Code.UNIMPLEMENTED


async def test_calls_above_the_limit_are_refused(grpc_engine: str) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def handler(request: bytes, _: object) -> bytes:
        entered.set()
        await go_on.wait()
        return request

    async with bare(grpc_engine, handler, max_concurrent_calls=1) as server:
        first = asyncio.ensure_future(server.call(b"first"))
        await entered.wait()
        async with grpc.aio.insecure_channel(
            f"127.0.0.1:{server.port}", [("grpc.use_local_subchannel_pool", 1)]
        ) as more:
            do: Any = more.unary_unary("/test.Bare/Do")

            async def refused() -> bool:
                return (await failure(do(b"second", timeout=2))).code() is Code.RESOURCE_EXHAUSTED

            await eventually(refused, "the second call is refused")
            go_on.set()
            assert await first == b"first"


async def test_a_cancelled_call_cancels_its_handler_and_calls_back(grpc_engine: str) -> None:
    entered, left, called_back = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handler(_: bytes, context: Context) -> AsyncIterator[bytes]:
        context.add_done_callback(lambda _: called_back.set())  # type: ignore[arg-type]  # the stubs are wrong
        try:
            yield b"first"
            entered.set()
            await asyncio.Event().wait()
        finally:
            left.set()

    async with bare(grpc_engine, handler, responses=True) as server, asyncio.timeout(10):
        call = server.call(b"")
        await call.read()
        await entered.wait()
        call.cancel()
        await left.wait()
        await called_back.wait()


async def test_a_handler_waits_for_a_client_that_does_not_read(grpc_engine: str) -> None:
    sent = 0

    async def handler(_: bytes, __: object) -> AsyncIterator[bytes]:
        nonlocal sent
        for sent in range(200):  # noqa: B007 - the test reads it
            yield bytes(100_000)

    # Otherwise the client accepts more and more before it reads.
    fixed_window = [("grpc.http2.bdp_probe", 0)]
    async with bare(grpc_engine, handler, responses=True, options=fixed_window) as server, asyncio.timeout(30):
        call = server.call(b"")
        await call.read()
        await asyncio.sleep(0.3)
        stuck = sent
        count = 1
        while await call.read() is not grpc.aio.EOF:
            count += 1

    assert stuck < 100
    assert count == 200


async def test_several_tasks_of_a_handler_may_write(grpc_engine: str) -> None:
    async def handler(_: bytes, context: Context) -> None:
        await asyncio.gather(*(write(context) for _ in range(4)))

    async def write(context: Context) -> None:
        for _ in range(10):
            async with turn:
                await context.write(bytes(50_000))

    # grpcio allows one writer at a time.
    turn = asyncio.Semaphore(1 if grpc_engine == "grpcio" else 4)
    async with bare(grpc_engine, handler, responses=True) as server, asyncio.timeout(30):
        assert len([message async for message in server.call(b"")]) == 40


async def test_a_client_waits_for_a_handler_that_does_not_read(grpc_engine: str) -> None:
    go_on = asyncio.Event()

    async def handler(requests: AsyncIterator[bytes], _: object) -> bytes:
        await go_on.wait()
        return str(sum([len(request) async for request in requests])).encode()

    async def write(call: Any) -> None:  # noqa: ANN401 - gRPC has no common type for it
        for _ in range(200):
            await call.write(bytes(100_000))
        await call.done_writing()

    async with bare(grpc_engine, handler, requests=True) as server, asyncio.timeout(30):
        call = server.call()
        writing = asyncio.create_task(write(call))
        await asyncio.sleep(0.5)
        assert not writing.done()
        go_on.set()
        await writing
        assert int(await call) == 20_000_000


async def test_a_bidirectional_stream_answers_each_message(grpc_engine: str) -> None:
    async def handler(requests: AsyncIterator[bytes], _: object) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request * 2

    async with bare(grpc_engine, handler, requests=True, responses=True) as server:
        call = server.call()
        for number in range(20):
            await call.write(b"%d" % number)
            assert await call.read() == b"%d" % number * 2
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is Code.OK


async def test_a_handler_may_read_and_write_through_its_context(grpc_engine: str) -> None:
    async def handler(_: object, context: Context) -> None:
        while (request := await context.read()) is not grpc.aio.EOF:
            await context.write(request)

    async with bare(grpc_engine, handler, requests=True, responses=True) as server:
        call = server.call(iter([b"a", b"b"]))
        assert [answer async for answer in call] == [b"a", b"b"]


async def test_an_answer_before_the_end_of_the_requests_arrives(grpc_engine: str) -> None:
    async def handler(_: object, context: Context) -> bytes:
        await context.abort(Code.FAILED_PRECONDITION, "no more")
        raise AssertionError

    async with bare(grpc_engine, handler, requests=True) as server:
        error = await failure(server.call())

    assert (error.code(), error.details()) == (Code.FAILED_PRECONDITION, "no more")


async def test_stop_lets_running_calls_finish_and_refuses_others(grpc_engine: str) -> None:
    entered = asyncio.Event()

    async def handler(request: bytes, _: object) -> bytes:
        entered.set()
        await asyncio.sleep(0.3)
        return request

    async with bare(grpc_engine, handler) as server:
        call = asyncio.ensure_future(server.call(b"last"))
        await entered.wait()
        await server.engine.stop(10)

        assert await call == b"last"
        assert (await failure(server.call(b""))).code() is Code.UNAVAILABLE


async def test_calls_that_outlast_the_grace_end_as_unavailable(grpc_engine: str) -> None:
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(_: bytes, __: object) -> bytes:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    async with bare(grpc_engine, handler) as server, asyncio.timeout(10):
        call = asyncio.ensure_future(server.call(b""))
        await entered.wait()
        await server.engine.stop(0.1)
        error = await failure(call)
        await cancelled.wait()

    assert error.code() in {Code.UNAVAILABLE, Code.CANCELLED}


async def test_the_server_ends_a_call_after_its_deadline_and_cancels_the_handler(grpc_engine: str) -> None:
    cancelled = asyncio.Event()

    async def handler(_: bytes, __: object) -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    # A client that does not look at its own clock.
    async with bare(grpc_engine, handler) as server, frames.raw_client(server.port) as client, asyncio.timeout(10):
        began = time.monotonic()
        await client.send(frames.request(1, ("grpc-timeout", "300m")) + frames.message(1, b"x"))
        answer = await client.answer(1)
        seconds = time.monotonic() - began
        await cancelled.wait()

    assert answer["grpc-status"] == "4"
    # At most 50 ms late on a machine without other work.
    assert 0.29 < seconds < 3


async def test_a_handler_is_cancelled_once_although_client_and_server_see_the_deadline_pass(grpc_engine: str) -> None:
    cancelled: list[str] = []
    ended = asyncio.Event()

    async def handler(_: bytes, __: object) -> AsyncIterator[bytes]:
        yield b"first"
        for _pause in range(2):
            try:
                await asyncio.sleep(0.5)
                ended.set()
            except asyncio.CancelledError:
                cancelled.append("cancelled")

    async with bare(grpc_engine, handler, responses=True) as server, asyncio.timeout(20):
        call = server.call(b"", timeout=0.2)
        assert await call.read() == b"first"
        error = await failure(call.read())
        await ended.wait()

    assert error.code() is Code.DEADLINE_EXCEEDED
    assert cancelled == ["cancelled"]

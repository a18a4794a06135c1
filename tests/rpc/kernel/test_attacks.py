"""Frames of clients that are broken or hostile: each ends its own call or connection, and costs the others nothing."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import grpc
import pytest

from engines.certificates import Authority
from kernel.grpc.ngh2 import call, connection
from kernel.grpc.tls import MeshTls, TlsSettings
from tests.rpc.kernel import frames
from tests.rpc.kernel.bare import Bare, bare
from tests.rpc.kernel.frames import END_HEADERS, RawClient, frame, message, raw_client, request
from tests.waiting import eventually

WINDOW_OF_NOTHING = b"\0\4\0\0\0\0"
CANCEL = (8).to_bytes(4, "big")


@pytest.fixture(params=["ngh2"])
def grpc_engine() -> str:
    """grpcio has tests of its own for its answers to such frames."""
    return "ngh2"


@pytest.fixture(params=["plain", "tls"])
def secured(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[MeshTls, ssl.SSLContext] | None:
    if request.param == "plain":
        return None
    authority = Authority(tmp_path / "ca")
    pair = authority.issue("test", ["test"])
    tls = MeshTls(
        TlsSettings(certificate_file=str(pair.certificate), key_file=str(pair.key), ca_file=str(authority.ca))
    )
    context = ssl.create_default_context(cafile=authority.ca)
    context.load_cert_chain(pair.certificate, pair.key)
    context.set_alpn_protocols(["h2"])
    return tls, context


@pytest.fixture
async def server(secured: tuple[MeshTls, ssl.SSLContext] | None) -> AsyncIterator[Bare]:
    async def echo(request: bytes, _: object) -> bytes:
        await asyncio.sleep(0)
        return request

    async with bare("ngh2", echo, tls=secured[0] if secured else None) as server:
        yield server
        # Whatever a test sent: other clients are served, and no call is left over.
        assert await server.call(b"still there", timeout=10) == b"still there"
        engine: Any = server.engine
        await eventually(lambda: not engine._calls, "all handlers have ended")


def attacker(
    server: Bare, secured: tuple[MeshTls, ssl.SSLContext] | None, **options: Any
) -> AbstractAsyncContextManager[RawClient]:
    return raw_client(server.port, secured[1] if secured else None, **options)


def _literal(size: int) -> bytes:
    """Return a header field of this size, not Huffman-coded, which is added to the table."""
    rest = size - 127
    return b"\x40\x01y\x7f" + bytes((rest & 0x7F | 0x80, rest >> 7)) + b"z" * size


FLOODS = {
    "rapid reset": b"".join(
        request(1 + 2 * number) + frame(frames.RST_STREAM, 0, 1 + 2 * number, CANCEL) for number in range(12_000)
    ),
    "continuation": frame(frames.HEADERS, 0, 1, frames.block())
    + frame(frames.CONTINUATION, 0, 1, frames.block([("x", "a" * 1_000)])) * 100,
    "ping": frame(frames.PING, 0, 0, b"12345678") * 50_000,
    "settings": frame(frames.SETTINGS, 0, 0, b"\0\3\0\0\0\1") * 50_000,
    "empty data": request(1) + frame(frames.DATA, 0, 1) * 50_000,
    "window update": frame(frames.WINDOW_UPDATE, 0, 0, b"\0\0\0\1") * 50_000,
    "priority": frame(frames.PRIORITY, 0, 1, b"\0\0\0\0\1") * 200_000,
    "header bomb": frame(frames.HEADERS, END_HEADERS, 1, frames.block() + _literal(3_900) + b"\xbe" * 5_000),
    "large headers": request(1, *((f"key-{number}", "x" * 500) for number in range(31))),
    "many headers": request(1, *((f"k{number}", "") for number in range(200))),
}


@pytest.mark.parametrize("flood", [name for name in FLOODS if name != "priority"])
async def test_a_flood_ends_its_connection(
    flood: str, server: Bare, secured: tuple[MeshTls, ssl.SSLContext] | None
) -> None:
    async with attacker(server, secured) as client, asyncio.timeout(20):
        await client.send(FLOODS[flood])

        assert await client.end() in {None, 1, frames.ENHANCE_YOUR_CALM}


async def test_frames_without_meaning_are_ignored(server: Bare, secured: tuple[MeshTls, ssl.SSLContext] | None) -> None:
    async with attacker(server, secured) as client, asyncio.timeout(20):
        await client.send(
            FLOODS["priority"][:14_000] + frame(0x55, 0xFF, 3, b"unknown") + request(3) + message(3, b"x")
        )

        assert (await client.answer(3))["grpc-status"] == "0"


async def test_a_client_that_does_not_read_the_answers_to_its_pings_is_disconnected(
    server: Bare, secured: tuple[MeshTls, ssl.SSLContext] | None
) -> None:
    async with attacker(server, secured) as client, asyncio.timeout(20):
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # asyncio's transports have it
        engine: Any = server.engine
        await eventually(lambda: len(engine._connections) == 1, "the client is connected")
        for _ in range(40):
            client.writer.write(frame(frames.PING, 0, 0, b"12345678") * 5_000)
            await asyncio.sleep(0)

        await eventually(lambda: not engine._connections, "the client is disconnected")


ENDINGS = {
    "data on stream 0": frame(frames.DATA, 1, 0, b"x"),
    "push of a client": frame(frames.PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + frames.block()),
    "window update by nothing": frame(frames.WINDOW_UPDATE, 0, 0, b"\0\0\0\0"),
    "window too large": frame(frames.WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"),
    "short ping": frame(frames.PING, 0, 0, b"short"),
    "frame size 0": frame(frames.SETTINGS, 0, 0, b"\0\5\0\0\0\0"),
    "broken header block": frame(frames.HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff"),
    "even stream": frame(frames.HEADERS, END_HEADERS, 2, frames.block()),
    "continuation of nothing": frame(frames.CONTINUATION, END_HEADERS, 1, frames.block()),
    "frame too large": frame(frames.DATA, 0, 1, b"x" * 20_000),
    "goaway": frame(frames.GOAWAY, 0, 0, bytes(8)),
}


@pytest.mark.parametrize("wrong", ENDINGS)
async def test_a_frame_against_the_rules_ends_its_connection(
    wrong: str, server: Bare, secured: tuple[MeshTls, ssl.SSLContext] | None
) -> None:
    async with attacker(server, secured) as client, asyncio.timeout(20):
        await client.send(ENDINGS[wrong])

        await client.end()


@pytest.mark.parametrize(
    "preface", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\0\1", b"PRI * HTTP/2.0\r\n\r\nXX"]
)
async def test_another_protocol_is_refused(
    preface: bytes, server: Bare, secured: tuple[MeshTls, ssl.SSLContext] | None
) -> None:
    async with attacker(server, secured, preface=preface) as client, asyncio.timeout(20):
        await client.end()


async def test_random_bytes_end_only_their_connection(
    server: Bare, secured: tuple[MeshTls, ssl.SSLContext] | None
) -> None:
    chance = random.Random(7)
    for _ in range(20):
        async with attacker(server, secured) as client, asyncio.timeout(20):
            for _ in range(8):
                kind, flags, stream = chance.randrange(12), chance.randrange(64), chance.choice((0, 1, 1, 3))
                await client.send(frame(kind, flags, stream, chance.randbytes(chance.choice((0, 4, 5, 8, 30)))))
            await client.send(request(5) + message(5, chance.randbytes(50), ended=False) + b"\0\0")
            client.writer.write_eof() if secured is None else client.writer.close()
            await client.end()


WRONG_CALLS = {
    "message too long": (request(1) + message(1, b"x", length=1 << 30, ended=False), "8"),
    "compressed without encoding": (request(1) + message(1, b"x", flag=1), "13"),
    "unknown flag": (request(1) + message(1, b"x", flag=77), "13"),
    "message cut off": (request(1) + message(1, b"cut", length=9), "13"),
    "no message": (request(1, ended=True), "12"),
    "two messages": (request(1) + message(1, b"one", ended=False) + message(1, b"two"), "12"),
    "unknown encoding": (request(1, ("grpc-encoding", "snappy")) + message(1, b"x"), "12"),
    "broken gzip": (request(1, ("grpc-encoding", "gzip")) + message(1, b"no gzip", flag=1), "13"),
    "wrong timeout": (request(1, ("grpc-timeout", "soon")) + message(1, b"x"), "13"),
    "no time": (request(1, ("grpc-timeout", "1n")), "4"),
    "wrong base64": (request(1, ("key-bin", "!")) + message(1, b"x"), "13"),
    "long path": (request(1, path="/" + "x" * 5_000), "12"),
    "strange path": (request(1, path="/test.Bare/é"), "12"),
}


@pytest.mark.parametrize("wrong", WRONG_CALLS)
async def test_a_call_that_gRPC_does_not_allow_gets_a_status(
    wrong: str, server: Bare, secured: tuple[MeshTls, ssl.SSLContext] | None
) -> None:
    sent, status = WRONG_CALLS[wrong]
    async with attacker(server, secured) as client, asyncio.timeout(20):
        await client.send(sent)
        answer = await client.answer(1)
        await client.send(request(3) + message(3, b"next"))

        assert answer["grpc-status"] == status
        assert "Traceback" not in answer.get("grpc-message", "")
        assert (await client.answer(3))["grpc-status"] == "0"


NO_CALLS = {
    "get": (request(1, method="GET", ended=True), "405"),
    "text": (request(1, content_type="text/plain"), "415"),
    "grpc-web": (request(1, content_type="application/grpc-web"), "415"),
}


@pytest.mark.parametrize("wrong", NO_CALLS)
async def test_a_request_that_is_no_call_gets_a_status_of_HTTP(
    wrong: str, server: Bare, secured: tuple[MeshTls, ssl.SSLContext] | None
) -> None:
    sent, status = NO_CALLS[wrong]
    async with attacker(server, secured) as client, asyncio.timeout(20):
        await client.send(sent)

        assert (await client.answer(1))[":status"] == status


async def test_streams_above_the_limit_are_refused(secured: tuple[MeshTls, ssl.SSLContext] | None) -> None:
    async def stuck(_: bytes, __: object) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    async with (
        bare("ngh2", stuck, tls=secured[0] if secured else None, max_concurrent_calls=2) as server,
        attacker(server, secured) as client,
        asyncio.timeout(20),
    ):
        await client.send(b"".join(request(stream) + message(stream, b"") for stream in (1, 3, 5)))

        assert await client.answer(5) == {"reset": str(frames.REFUSED_STREAM)}


async def test_a_client_that_does_not_read_holds_little_memory_and_its_handler_waits(
    secured: tuple[MeshTls, ssl.SSLContext] | None,
) -> None:
    sent, left = 0, asyncio.Event()

    async def endless(_: bytes, __: object) -> AsyncIterator[bytes]:
        nonlocal sent
        try:
            while True:
                sent += 1
                yield bytes(10_000)
        finally:
            left.set()

    async with (
        bare("ngh2", endless, responses=True, tls=secured[0] if secured else None) as server,
        asyncio.timeout(20),
    ):
        async with attacker(server, secured, settings=WINDOW_OF_NOTHING) as client:
            await client.send(request(1) + message(1, b""))
            await eventually(lambda: sent > 0, "the handler has begun")
            await asyncio.sleep(0.2)
            assert sent * 10_000 <= call.HIGH_WATER_BYTES + 2 * 10_000
        await left.wait()


async def test_a_handler_that_does_not_wait_for_its_client_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "_MAX_WAITING_BYTES", 200_000)
    left = asyncio.Event()

    async def hasty(_: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[bytes]:
        try:
            await asyncio.gather(*(context.write(bytes(10_000)) for _ in range(100)))
            yield b""
        finally:
            left.set()

    async with (
        bare("ngh2", hasty, responses=True) as server,
        raw_client(server.port, settings=WINDOW_OF_NOTHING) as client,
        asyncio.timeout(20),
    ):
        await client.send(request(1) + message(1, b""))

        assert (await client.answer(1))["reset"] == str(frames.ENHANCE_YOUR_CALM)
        await left.wait()


@pytest.mark.parametrize("secured", ["plain"], indirect=True)
async def test_a_silent_connection_is_closed(monkeypatch: pytest.MonkeyPatch, server: Bare) -> None:
    monkeypatch.setattr(connection, "KEEPALIVE_SECONDS", 0.4)
    monkeypatch.setattr(connection, "KEEPALIVE_TIMEOUT_SECONDS", 0.2)
    async with asyncio.timeout(20), raw_client(server.port, preface=b"") as client:
        assert await client.end() is None
    async with asyncio.timeout(20), raw_client(server.port) as client:
        kinds = []
        while (item := await client.next_frame()) is not None:
            kinds.append(item[0])

    assert frames.PING in kinds


@pytest.mark.parametrize("secured", ["plain"], indirect=True)
async def test_a_request_that_never_ends_and_an_answer_that_nobody_reads_are_ended(
    monkeypatch: pytest.MonkeyPatch, server: Bare
) -> None:
    monkeypatch.setattr(connection, "KEEPALIVE_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(connection, "KEEPALIVE_SECONDS", 0.2)
    monkeypatch.setattr(connection, "STALLED_SECONDS", 0.3)

    async def answers(client: RawClient) -> None:
        while True:
            await client.send(frame(frames.PING, 0, 0, bytes(8)))
            await asyncio.sleep(0.05)

    async with asyncio.timeout(20), raw_client(server.port, settings=WINDOW_OF_NOTHING) as client:
        pings = asyncio.create_task(answers(client))
        await client.send(request(1) + request(3) + message(3, b"an answer"))
        endings = {await _ending(client), await _ending(client)}
        pings.cancel()

    assert endings == {(1, "status 4"), (3, "reset 8")}


async def _ending(client: RawClient) -> tuple[int, str]:
    """Return the next stream that is ended, and how."""
    while (item := await client.next_frame()) is not None:
        kind, flags, stream, payload = item
        if kind == frames.RST_STREAM and payload != bytes(4):
            return stream, f"reset {int.from_bytes(payload, 'big')}"
        if kind == frames.HEADERS and flags & frames.END_STREAM:
            headers = {str(name): str(value) for name, value in client._decoder.decode(payload)}
            return stream, f"status {headers['grpc-status']}"
        if kind == frames.HEADERS:
            client._decoder.decode(payload)
    raise AssertionError("the server closed the connection")


async def test_a_connection_that_is_too_old_gets_a_notice_and_finishes_its_calls() -> None:
    go_on = asyncio.Event()

    async def waiting(request: bytes, _: object) -> bytes:
        await go_on.wait()
        return request

    async with (
        bare("ngh2", waiting, max_connection_age_seconds=0.2) as server,
        raw_client(server.port) as client,
        asyncio.timeout(20),
    ):
        await client.send(request(1) + message(1, b"x"))
        last_streams: list[int] = []
        while len(last_streams) < 2:
            item = await client.next_frame()
            assert item is not None
            if item[0] == frames.GOAWAY:
                last_streams.append(int.from_bytes(item[3][:4], "big"))
            elif item[0] == frames.PING:
                await client.send(frame(frames.PING, frames.ACK, 0, item[3]))
        go_on.set()
        answer = await client.answer(1)
        await client.end()

    assert last_streams == [2**31 - 1, 1]
    assert answer["grpc-status"] == "0"


async def test_over_tls_a_client_must_choose_http2(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    pair = authority.issue("test", ["test"])
    files = TlsSettings(certificate_file=str(pair.certificate), key_file=str(pair.key), ca_file=str(authority.ca))
    context = ssl.create_default_context(cafile=authority.ca)
    context.load_cert_chain(pair.certificate, pair.key)

    async def never(_: bytes, __: object) -> bytes:
        raise AssertionError

    async with (
        bare("ngh2", never, tls=MeshTls(files)) as server,
        raw_client(server.port, context) as client,
        asyncio.timeout(20),
    ):
        await client.end()


async def test_handlers_see_the_names_in_the_certificate_of_their_client(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    pair = authority.issue("test", ["test", "other"])
    files = TlsSettings(certificate_file=str(pair.certificate), key_file=str(pair.key), ca_file=str(authority.ca))
    seen: list[Any] = []

    async def handler(_: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        seen.extend((context.peer_identity_key(), context.peer_identities(), dict(context.auth_context())))
        return b""

    for library in ("grpcio", "ngh2"):
        async with bare(library, handler, tls=MeshTls(files)) as server:
            await server.call(b"")

    grpcio, ours = seen[:3], seen[3:]
    assert (ours[0], list(ours[1])) == (grpcio[0], list(grpcio[1]))
    assert {name: grpcio[2][name] for name in ours[2]} == ours[2]

"""Calls whose only message is missing or cut short."""

import asyncio

import grpc
import pytest

from tests.rpc.kernel import frames
from tests.rpc.kernel.bare import bare, echo

Code = grpc.StatusCode


INCOMPLETE = {
    "no message": (frames.request(1, ended=True), Code.UNIMPLEMENTED),
    "an empty frame": (frames.request(1) + frames.frame(frames.DATA, frames.END_STREAM, 1), Code.UNIMPLEMENTED),
    "half a message": (frames.request(1) + frames.message(1, b"half", length=100), None),
    "half a prefix": (frames.request(1) + frames.frame(frames.DATA, frames.END_STREAM, 1, b"\0\0"), None),
}


@pytest.mark.parametrize("responses", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize("sent", INCOMPLETE)
async def test_a_call_without_a_complete_message_is_answered_at_once(
    grpc_engine: str, sent: str, *, responses: bool
) -> None:
    data, code = INCOMPLETE[sent]
    async with (
        bare(grpc_engine, echo, responses=responses) as server,
        frames.raw_client(server.port) as client,
        asyncio.timeout(10),
    ):
        await client.send(data)
        answer = await client.answer(1)

    expected = {code} if code else {Code.UNIMPLEMENTED, Code.INTERNAL}
    assert int(answer["grpc-status"]) in {each.value[0] for each in expected}


@pytest.mark.parametrize("responses", [False, True], ids=["unary", "stream"])
async def test_a_call_whose_message_does_not_arrive_ends(
    grpc_engine: str, monkeypatch: pytest.MonkeyPatch, *, responses: bool
) -> None:
    monkeypatch.setattr("kernel.grpc.answering.REQUEST_SECONDS", 0.2)
    monkeypatch.setattr("kernel.grpc.ngh2.connection.STALLED_SECONDS", 0.2)
    monkeypatch.setattr("kernel.grpc.ngh2.connection.KEEPALIVE_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr("kernel.grpc.ngh2.connection.KEEPALIVE_SECONDS", 0.3)
    async with (
        bare(grpc_engine, echo, responses=responses) as server,
        frames.raw_client(server.port) as client,
        asyncio.timeout(10),
    ):
        await client.send(frames.request(1) + frames.message(1, b"half", length=100, ended=False))
        answer = await client.answer(1)

    assert int(answer["grpc-status"]) == Code.DEADLINE_EXCEEDED.value[0]

"""A subscriber who reconnects gets missed events once, and then live ones."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import grpc
import httpx
import pytest

from tests.builders import user_token
from tests.e2e.access.forgery import signing_key
from tests.e2e.live.listener import listening
from tests.e2e.mesh import EMBEDDED, Mesh
from tests.e2e.people import log_in, people
from tests.e2e.rest.talk import send
from tests.problems import rpc_reason


async def test_missed_messages_arrive_once_and_in_order(
    mesh: Mesh, edge: grpc.aio.Channel, client: httpx.AsyncClient
) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    async with listening(edge, bob) as before:
        await before.until_caught_up()
        await send(client, ann, bob, "received")
        received = await before.next("message_created")
        cursor = before.cursor
    missed = [(await send(client, ann, bob, f"missed {number}"))["message_id"] for number in range(20)]
    async with listening(edge, bob, cursor) as after:
        replayed = await after.until_caught_up()
        live = (await send(client, ann, bob, "live"))["message_id"]
        then = await after.next("message_created")

    seen = [event.message_created.message_id for event in replayed if event.HasField("message_created")]
    # A received event may arrive again, with the same event_id.
    assert [message_id for message_id in seen if message_id != received.message_created.message_id] == missed
    assert then.message_created.message_id == live


async def test_all_devices_of_a_person_receive_the_same_event(
    mesh: Mesh, edge: grpc.aio.Channel, client: httpx.AsyncClient
) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    other_device = await log_in(client, bob.email)
    async with listening(edge, bob) as one, listening(edge, other_device) as two:
        await one.until_caught_up()
        await two.until_caught_up()
        await send(client, ann, bob, "hello")
        seen = [await each.next("message_created") for each in (one, two)]

    assert seen[0] == seen[1]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "😀", "x" * 8_000])
async def test_an_invalid_cursor_is_rejected(mesh: Mesh, edge: grpc.aio.Channel, cursor: str) -> None:
    (bob,) = await people(mesh, "bob")
    async with listening(edge, bob, cursor) as of_bob:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await of_bob.until_caught_up()

    assert rpc_reason(refused.value) == "INVALID_CURSOR"


async def test_a_stream_ends_with_its_session(mesh: Mesh, edge: grpc.aio.Channel, client: httpx.AsyncClient) -> None:
    (bob,) = await people(mesh, "bob")
    async with listening(edge, bob) as of_bob:
        await of_bob.until_caught_up()
        await client.post("/api/auth/logout", json={}, headers=bob.headers)
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await of_bob.next("reconnect")

    assert rpc_reason(ended.value) == "SESSION_ENDED"


@EMBEDDED
async def test_a_stream_ends_with_its_token(mesh: Mesh, edge: grpc.aio.Channel) -> None:
    (bob,) = await people(mesh, "bob")
    token = user_token(
        bob.user_id,
        keypair=signing_key(mesh),
        now=datetime.now(UTC),
        session_id=bob.session_id,
        life=timedelta(seconds=2),
    )
    short = replace(bob, token=token)
    async with listening(edge, short) as of_bob:
        await of_bob.until_caught_up()
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await of_bob.next("reconnect")

    assert rpc_reason(ended.value) == "TOKEN_EXPIRED"

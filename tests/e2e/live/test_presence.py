"""People who have written to each other see each other go online and offline."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import grpc
import httpx
import pytest
import pytest_asyncio

from tests.e2e.live.devices import OFFLINE, ONLINE, connected, state_of
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import Person, people, rest
from tests.e2e.rest.talk import send
from tests.waiting import eventually


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    """A mesh in which people go offline soon after they disconnect."""
    folder = tmp_path_factory.mktemp("presence")
    async with running_mesh(folder, CHATLY_PRESENCE_GRACE_SECONDS="0.9", CHATLY_PRESENCE_RENEW_SECONDS="0.2") as mesh:
        yield mesh


async def friends(mesh: Mesh) -> list[Person]:
    """Return two people who have written to each other, and a third who shares no chat with them."""
    ann, bob, eve = await people(mesh, "ann", "bob", "eve")
    async with rest(mesh) as client:
        await send(client, ann, bob, "hello")
        await send(client, bob, ann, "hello")
    return [ann, bob, eve]


async def test_people_see_each_other_go_online_and_offline(mesh: Mesh, edge: grpc.aio.Channel) -> None:
    ann, bob, _ = await friends(mesh)
    async with connected(edge, bob) as of_bob:
        async with connected(edge, ann):
            came = await of_bob.until(ann, ONLINE)
        went = await of_bob.until(ann, OFFLINE)

    assert went.version > came.version
    assert went.HasField("last_seen_at")
    assert not came.HasField("last_seen_at")


async def test_the_first_response_includes_people_who_are_already_online(mesh: Mesh, edge: grpc.aio.Channel) -> None:
    ann, bob, _ = await friends(mesh)
    async with connected(edge, ann), connected(edge, bob) as of_bob:
        await of_bob.until(ann, ONLINE)


async def test_a_person_with_two_devices_goes_offline_with_the_last_one(
    mesh: Mesh, edge: grpc.aio.Channel, client: httpx.AsyncClient
) -> None:
    ann, bob, carl = await friends(mesh)
    await send(client, carl, bob, "hello")
    async with connected(edge, bob) as of_bob:
        async with connected(edge, ann, "phone"):
            async with connected(edge, ann, "laptop"), connected(edge, carl):
                await of_bob.until(ann, ONLINE)
                await of_bob.until(carl, ONLINE)
            # Carl disconnected together with Ann's laptop: by now Ann would be offline, too.
            await of_bob.until(carl, OFFLINE)
            assert (await state_of(edge, ann, bob)).availability == ONLINE
        await of_bob.until(ann, OFFLINE)


async def test_a_status_is_seen_by_friends(mesh: Mesh, edge: grpc.aio.Channel, client: httpx.AsyncClient) -> None:
    ann, bob, _ = await friends(mesh)
    async with connected(edge, ann):
        body = {"status": {"text": "in a meeting", "emoji": "📅"}}
        answer = await client.put("/api/presence/status", json=body, headers=ann.headers)
        seen = await state_of(edge, ann, bob)

    assert answer.status_code == 200
    assert (seen.status.text, seen.status.emoji) == ("in a meeting", "📅")


async def test_a_group_made_by_a_stranger_shows_nothing_and_a_block_counts_at_once(
    mesh: Mesh, edge: grpc.aio.Channel, client: httpx.AsyncClient
) -> None:
    ann, bob, eve = await friends(mesh)
    body = {"client_group_id": str(uuid4()), "title": "Free", "member_ids": [ann.user_id, bob.user_id]}
    assert (await client.post("/api/groups", json=body, headers=eve.headers)).status_code == 200
    async with connected(edge, bob) as of_bob, connected(edge, ann):
        await of_bob.until(ann, ONLINE)
        seen = await state_of(edge, ann, eve)
        assert (seen.availability, seen.version) == (OFFLINE, 0)

        assert (await client.post(f"/api/users/{ann.user_id}/block", headers=bob.headers)).status_code == 200
        async with asyncio.timeout(2):
            await eventually(lambda: hidden(edge, ann, bob))


async def hidden(edge: grpc.aio.Channel, person: Person, viewer: Person) -> bool:
    return (await state_of(edge, person, viewer)).version == 0


async def test_strangers_see_no_presence(mesh: Mesh, edge: grpc.aio.Channel) -> None:
    ann, bob, eve = await friends(mesh)
    async with connected(edge, bob) as of_bob, connected(edge, ann):
        await of_bob.until(ann, ONLINE)
        seen = await state_of(edge, ann, eve)

    assert (seen.availability, seen.HasField("last_seen_at"), seen.status.text) == (OFFLINE, False, "")

"""People who share a chat see each other go online and offline."""

from collections.abc import AsyncIterator

import grpc
import httpx
import pytest
import pytest_asyncio

from tests.e2e.live.devices import OFFLINE, ONLINE, connected, state_of
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import Person, people, rest
from tests.e2e.rest.talk import send


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    """A mesh in which people go offline soon after they disconnect."""
    folder = tmp_path_factory.mktemp("presence")
    async with running_mesh(folder, CHATLY_PRESENCE_GRACE_SECONDS="0.9", CHATLY_PRESENCE_RENEW_SECONDS="0.2") as mesh:
        yield mesh


async def friends(mesh: Mesh) -> list[Person]:
    """Return two people who share a chat, and a third who shares none."""
    ann, bob, eve = await people(mesh, "ann", "bob", "eve")
    async with rest(mesh) as client:
        await send(client, ann, bob, "hello")
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


async def test_strangers_see_no_presence(mesh: Mesh, edge: grpc.aio.Channel) -> None:
    ann, bob, eve = await friends(mesh)
    async with connected(edge, bob) as of_bob, connected(edge, ann):
        await of_bob.until(ann, ONLINE)
        seen = await state_of(edge, ann, eve)

    assert (seen.availability, seen.HasField("last_seen_at"), seen.status.text) == (OFFLINE, False, "")

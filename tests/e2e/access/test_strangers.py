"""Every RPC through the edge as somebody to whom nothing belongs: a stranger, a removed member, nobody at all."""

import asyncio

import grpc
import pytest

from mesh.edge.contract import Method, methods
from tests.e2e.access.calls import key_of, outcome
from tests.e2e.access.cases import CASES, OK
from tests.e2e.access.forgery import service_token
from tests.e2e.access.world import Place, World
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, bearer, log_in, rest
from tests.problems import reason

# What is deleted cannot be read any more.
REACHABLE = sorted((method for method in methods() if not method.internal), key=lambda it: it.name == "DeleteMessage")
INTERNAL = [method for method in methods() if method.internal]


def test_every_rpc_has_a_case() -> None:
    assert {key_of(method) for method in methods()} == set(CASES)


async def outcomes(mesh: Mesh, caller: Person, world: World, place: Place) -> dict[str, str]:
    """Of every reachable RPC, each in a session of its own: Logout ends one."""
    found = {}
    async with grpc.aio.insecure_channel(mesh.edge) as channel, rest(mesh) as client:
        for method in REACHABLE:
            session = await log_in(client, caller.email)
            request = CASES[key_of(method)].request(world, place)
            found[key_of(method)] = await outcome(channel, method, request, session.metadata)
    return found


async def test_the_owner_gets_through(mesh: Mesh, world: World) -> None:
    found = await outcomes(mesh, world.owner, world, world.group)

    assert found == {key: case.owner for key, case in CASES.items() if key in found}


@pytest.mark.parametrize(("who", "where"), [("stranger", "group"), ("stranger", "direct"), ("removed", "group")])
async def test_others_do_not(mesh: Mesh, world: World, who: str, where: str) -> None:
    found = await outcomes(mesh, getattr(world, who), world, getattr(world, where))

    assert found == {key: case.others for key, case in CASES.items() if key in found}


async def test_a_removed_member_does_not_even_see_the_group(mesh: Mesh, world: World) -> None:
    async with rest(mesh) as client:
        chats = await client.get("/api/chats", headers=world.removed.headers)

    assert chats.json()["chats"] == []


async def test_a_removed_member_soon_cannot_open_the_group_s_files(mesh: Mesh, world: World) -> None:
    file, of_member = f"/api/uploads/{world.group.media_id}", world.member.headers
    async with rest(mesh) as client:
        before = await client.get(file, headers=of_member)
        gone = await client.delete(
            f"/api/groups/{world.group.chat_id}/members/{world.member.user_id}", headers=world.owner.headers
        )
        async with asyncio.timeout(15):
            while (after := await client.get(file, headers=of_member)).status_code == 200:  # noqa: ASYNC110
                # Who is a member is asked again every few seconds.
                await asyncio.sleep(0.1)

    assert (before.status_code, gone.status_code) == (200, 200)
    assert (after.status_code, reason(after)) == (403, "MEDIA_FORBIDDEN")


async def test_nobody_reaches_what_is_public_alone(mesh: Mesh, world: World) -> None:
    public = {key_of(method) for method in REACHABLE if method.public}
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        found = {
            key_of(method): await outcome(channel, method, CASES[key_of(method)].request(world, world.group), ())
            for method in REACHABLE
        }

    assert public == {f"AuthService.{name}" for name in ("Register", "Login", "Refresh", "GetJwks")}
    assert found == {key: CASES[key].owner if key in public else "TOKEN_MISSING" for key in found}


@pytest.mark.parametrize("method", INTERNAL, ids=key_of)
async def test_what_is_for_services_is_not_at_the_edge(mesh: Mesh, world: World, method: Method) -> None:
    request = CASES[key_of(method)].request(world, world.group)
    service = bearer(service_token(mesh))
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        found = [await outcome(channel, method, request, token) for token in ((), world.owner.metadata, service)]

    assert found == ["NOT_OFFERED"] * 3


@pytest.mark.parametrize("method", INTERNAL, ids=key_of)
async def test_what_is_for_services_is_for_them_alone(mesh: Mesh, world: World, method: Method) -> None:
    request = CASES[key_of(method)].request(world, world.group)
    callers = [(), world.owner.metadata, bearer("nonsense"), bearer(service_token(mesh))]
    async with grpc.aio.insecure_channel(mesh.grpc[method.target]) as channel:
        found = [await outcome(channel, method, request, token) for token in callers]

    assert found == ["TOKEN_MISSING", "SERVICE_ONLY", "TOKEN_INVALID", OK]

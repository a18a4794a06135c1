"""Every RPC through the edge as a stranger, a former member, and without a token."""

import asyncio

import grpc
import pytest

from mesh.edge.contract import Method, methods
from tests.e2e.access.calls import key_of, outcome
from tests.e2e.access.cases import CASES, OK
from tests.e2e.access.forgery import service_token
from tests.e2e.access.harness import Owned, OwnedChat
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, bearer, log_in, rest
from tests.problems import reason

# Deletions come last, because deleted data cannot be read.
REACHABLE = sorted((method for method in methods() if not method.internal), key=lambda it: it.name == "DeleteMessage")
INTERNAL = [method for method in methods() if method.internal]


def test_every_rpc_has_a_case() -> None:
    assert {key_of(method) for method in methods()} == set(CASES)


async def outcomes(mesh: Mesh, caller: Person, owned: Owned, owned_chat: OwnedChat) -> dict[str, str]:
    """Return the outcome of every reachable RPC, each in its own session: Logout ends one."""
    found = {}
    async with grpc.aio.insecure_channel(mesh.edge) as channel, rest(mesh) as client:
        for method in REACHABLE:
            session = await log_in(client, caller.email)
            request = CASES[key_of(method)].request(owned, owned_chat)
            found[key_of(method)] = await outcome(channel, method, request, session.metadata)
    return found


async def test_the_owner_is_allowed(mesh: Mesh, owned: Owned) -> None:
    found = await outcomes(mesh, owned.owner, owned, owned.group)

    assert found == {key: case.owner for key, case in CASES.items() if key in found}


@pytest.mark.parametrize(("who", "where"), [("stranger", "group"), ("stranger", "direct"), ("removed", "group")])
async def test_others_are_refused(mesh: Mesh, owned: Owned, who: str, where: str) -> None:
    found = await outcomes(mesh, getattr(owned, who), owned, getattr(owned, where))

    assert found == {key: case.others for key, case in CASES.items() if key in found}


async def test_a_removed_member_does_not_see_the_group(mesh: Mesh, owned: Owned) -> None:
    async with rest(mesh) as client:
        chats = await client.get("/api/chats", headers=owned.removed.headers)

    assert chats.json()["chats"] == []


async def test_a_removed_member_soon_cannot_open_the_group_s_files(mesh: Mesh, owned: Owned) -> None:
    file, of_member = f"/api/uploads/{owned.group.media_id}", owned.member.headers
    async with rest(mesh) as client:
        before = await client.get(file, headers=of_member)
        gone = await client.delete(
            f"/api/groups/{owned.group.chat_id}/members/{owned.member.user_id}", headers=owned.owner.headers
        )
        async with asyncio.timeout(15):
            while (after := await client.get(file, headers=of_member)).status_code == 200:  # noqa: ASYNC110
                # Membership is cached for a few seconds.
                await asyncio.sleep(0.1)

    assert (before.status_code, gone.status_code) == (200, 200)
    assert (after.status_code, reason(after)) == (403, "MEDIA_FORBIDDEN")


async def test_callers_without_a_token_reach_only_public_rpcs(mesh: Mesh, owned: Owned) -> None:
    public = {key_of(method) for method in REACHABLE if method.public}
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        found = {
            key_of(method): await outcome(channel, method, CASES[key_of(method)].request(owned, owned.group), ())
            for method in REACHABLE
        }

    assert public == {f"AuthService.{name}" for name in ("Register", "Login", "Refresh", "GetJwks")}
    assert found == {key: CASES[key].owner if key in public else "TOKEN_MISSING" for key in found}


@pytest.mark.parametrize("method", INTERNAL, ids=key_of)
async def test_internal_rpcs_are_not_at_the_edge(mesh: Mesh, owned: Owned, method: Method) -> None:
    request = CASES[key_of(method)].request(owned, owned.group)
    service = bearer(service_token(mesh))
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        found = [await outcome(channel, method, request, token) for token in ((), owned.owner.metadata, service)]

    assert found == ["NOT_OFFERED"] * 3


@pytest.mark.parametrize("method", INTERNAL, ids=key_of)
async def test_internal_rpcs_need_a_service_token(mesh: Mesh, owned: Owned, method: Method) -> None:
    request = CASES[key_of(method)].request(owned, owned.group)
    callers = [(), owned.owner.metadata, bearer("nonsense"), bearer(service_token(mesh))]
    async with grpc.aio.insecure_channel(mesh.grpc[method.target]) as channel:
        found = [await outcome(channel, method, request, token) for token in callers]

    assert found == ["TOKEN_MISSING", "SERVICE_ONLY", "TOKEN_INVALID", OK]

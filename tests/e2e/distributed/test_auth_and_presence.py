"""Two nodes of auth and of presence act as one, even when a process is killed."""

import grpc
import pytest
from chatly.auth.v1 import auth_service_pb2 as auth
from chatly.auth.v1 import user_service_pb2 as users
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.auth.v1.user_service_pb2_grpc import UserServiceStub

from tests.e2e.distributed.nodes import channels, is_back, kill
from tests.e2e.live.devices import OFFLINE, ONLINE, connected, state_of
from tests.e2e.mesh import Mesh
from tests.e2e.people import PASSWORD, Person, bearer, people, rest
from tests.e2e.rest.talk import send
from tests.problems import rpc_reason
from tests.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]


async def friends(mesh: Mesh) -> tuple[Person, Person]:
    """Two users who have written to each other."""
    ann, bob = await people(mesh, "ann", "bob")
    async with rest(mesh) as client:
        await send(client, ann, bob, "hello")
        await send(client, bob, ann, "hi")
    return ann, bob


async def reason_of_refusal(channel: grpc.aio.Channel, token: str) -> str:
    """Return the reason why GetMe refuses the token, or an empty text."""
    try:
        await UserServiceStub(channel).GetMe(users.GetMeRequest(), metadata=bearer(token), timeout=10)
    except grpc.aio.AioRpcError as error:
        return rpc_reason(error)
    return ""


async def test_a_token_of_one_auth_node_is_accepted_by_the_other_at_once(mesh: Mesh) -> None:
    (ann,) = await people(mesh, "ann")
    async with channels(mesh, "auth") as (here, there):
        login = auth.LoginRequest(email=ann.email, password=PASSWORD)
        tokens = [(await AuthServiceStub(node).Login(login, timeout=10)).token for node in (here, there)]

        refusals = [await reason_of_refusal(node, token) for node in (there, here) for token in tokens]

    assert refusals == [""] * 4


async def test_a_session_is_renewed_on_the_other_node_and_its_old_token_is_spent_on_both(mesh: Mesh) -> None:
    (ann,) = await people(mesh, "ann")
    async with channels(mesh, "auth") as (here, there):
        login = auth.LoginRequest(email=ann.email, password=PASSWORD)
        first = await AuthServiceStub(here).Login(login, timeout=10)
        old = auth.RefreshRequest(refresh_token=first.refresh_token)
        renewed = await AuthServiceStub(there).Refresh(old, timeout=10)
        # As after a lost response: within seconds the spent token gives the same successor, on any node.
        again = await AuthServiceStub(here).Refresh(old, timeout=10)

        assert renewed.session_id == first.session_id
        assert again.refresh_token == renewed.refresh_token != first.refresh_token
        assert await reason_of_refusal(here, renewed.token) == ""


async def test_a_session_that_is_ended_on_one_node_is_over_on_the_other(mesh: Mesh) -> None:
    (ann,) = await people(mesh, "ann")
    async with channels(mesh, "auth") as (here, there):
        login = auth.LoginRequest(email=ann.email, password=PASSWORD)
        other = await AuthServiceStub(here).Login(login, timeout=10)
        assert await reason_of_refusal(there, other.token) == ""

        ended = auth.RevokeSessionRequest(session_id=other.session_id)
        await AuthServiceStub(here).RevokeSession(ended, metadata=ann.metadata, timeout=10)

        async def is_over() -> bool:
            return await reason_of_refusal(there, other.token) == "SESSION_ENDED"

        await eventually(is_over, "it is over there too", seconds=10)
        old = auth.RefreshRequest(refresh_token=other.refresh_token)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await AuthServiceStub(there).Refresh(old, timeout=10)
        assert rpc_reason(refused.value) == "SESSION_ENDED"
        assert await reason_of_refusal(there, ann.token) == ""


async def test_users_on_two_presence_nodes_see_each_other_online_and_offline(mesh: Mesh) -> None:
    ann, bob = await friends(mesh)
    async with channels(mesh, "presence") as (here, there), connected(there, bob) as of_bob:
        async with connected(here, ann) as of_ann:
            await of_bob.until(ann, ONLINE)
            await of_ann.until(bob, ONLINE)
            assert (await state_of(there, ann, bob)).availability == ONLINE
        await of_bob.until(ann, OFFLINE)
        assert (await state_of(here, ann, bob)).availability == OFFLINE


async def test_a_user_with_devices_on_two_nodes_is_offline_after_the_last(mesh: Mesh) -> None:
    ann, bob = await friends(mesh)
    async with channels(mesh, "presence") as (here, there), connected(there, bob) as of_bob:
        async with connected(here, ann, "phone"):
            async with connected(there, ann, "laptop"):
                await of_bob.until(ann, ONLINE)
            assert (await state_of(there, ann, bob)).availability == ONLINE
        await of_bob.until(ann, OFFLINE)


async def test_a_killed_presence_node_leaves_no_stale_presence(mesh: Mesh) -> None:
    ann, bob = await friends(mesh)
    async with channels(mesh, "presence") as (here, there), connected(there, bob) as of_bob:
        async with connected(here, ann):
            await of_bob.until(ann, ONLINE)
            killed = kill(mesh, "presence-1")
            gone = await of_bob.until(ann, OFFLINE)
        await is_back(mesh, "presence-1", killed)

        assert gone.HasField("last_seen_at")
        assert (await state_of(there, ann, bob)).availability == OFFLINE
        async with connected(there, ann):
            await of_bob.until(ann, ONLINE)

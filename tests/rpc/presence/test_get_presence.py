"""Reading states without a stream."""

import grpc
import pytest
from chatly.presence.v1 import presence_service_pb2 as pb

from tests.builders import an_id
from tests.rpc.presence.harness import Cluster, Node
from tests.unit.presence.harness import a_user

ANN, BOB, EVE = a_user(), a_user(), a_user()


async def test_states_are_returned_per_user_in_request_order(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    await node.connect(BOB)
    await node.connect(EVE)

    eve, bob, ann = await node.get(EVE, BOB, ANN, BOB.upper(), caller=ANN)

    assert (eve.user_id, eve.availability, eve.version) == (EVE, pb.AVAILABILITY_OFFLINE, 0)
    assert (bob.user_id, bob.availability) == (BOB, pb.AVAILABILITY_ONLINE)
    assert (ann.user_id, ann.availability) == (ANN, pb.AVAILABILITY_OFFLINE)


async def test_while_messaging_is_unavailable_users_see_only_themselves(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    cluster.contacts.unavailable = True
    await node.connect(ANN)
    await node.connect(BOB)

    bob, ann = await node.get(BOB, ANN, caller=ANN)

    assert bob.availability == pb.AVAILABILITY_OFFLINE
    assert ann.availability == pb.AVAILABILITY_ONLINE


@pytest.mark.parametrize("user_ids", [[], ["bob"], [""], [an_id() for _ in range(201)]])
async def test_invalid_lists_of_users_are_rejected(node: Node, user_ids: list[str]) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await node.get(*user_ids, caller=ANN)

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "user_ids" in (refused.value.details() or "")


async def test_calls_without_a_token_are_rejected(node: Node) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as get:
        await node.stub.GetPresence(pb.GetPresenceRequest(user_ids=[ANN]))
    with pytest.raises(grpc.aio.AioRpcError) as set_status:
        await node.stub.SetStatus(pb.SetStatusRequest())
    with pytest.raises(grpc.aio.AioRpcError) as connect:
        await node.stub.Connect(pb.ConnectRequest()).read()

    codes = {refused.value.code() for refused in (get, set_status, connect)}
    assert codes == {grpc.StatusCode.UNAUTHENTICATED}

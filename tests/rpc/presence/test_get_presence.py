"""Asking for states without a stream."""

import grpc
import pytest
from chatly.presence.v1 import presence_service_pb2 as pb

from tests.builders import an_id
from tests.rpc.presence.devices import Cluster, Node
from tests.unit.presence.fakes import a_user

ANN, BOB, EVE = a_user(), a_user(), a_user()


async def test_there_is_one_state_for_each_user_in_the_order_asked_for(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    await node.connect(BOB)
    await node.connect(EVE)

    eve, bob, ann = await node.get(EVE, BOB, ANN, BOB.upper(), caller=ANN)

    assert (eve.user_id, eve.availability, eve.version) == (EVE, pb.AVAILABILITY_OFFLINE, 0)
    assert (bob.user_id, bob.availability) == (BOB, pb.AVAILABILITY_ONLINE)
    assert (ann.user_id, ann.availability) == (ANN, pb.AVAILABILITY_OFFLINE)


async def test_while_messaging_is_away_everybody_is_a_stranger_but_oneself(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    cluster.contacts.away = True
    await node.connect(ANN)
    await node.connect(BOB)

    bob, ann = await node.get(BOB, ANN, caller=ANN)

    assert bob.availability == pb.AVAILABILITY_OFFLINE
    assert ann.availability == pb.AVAILABILITY_ONLINE


@pytest.mark.parametrize("user_ids", [[], ["bob"], [""], [an_id() for _ in range(201)]])
async def test_wrong_lists_of_users_are_refused(node: Node, user_ids: list[str]) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await node.get(*user_ids, caller=ANN)

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "user_ids" in (refused.value.details() or "")


async def test_nobody_gets_in_without_a_token(node: Node) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as asked:
        await node.stub.GetPresence(pb.GetPresenceRequest(user_ids=[ANN]))
    with pytest.raises(grpc.aio.AioRpcError) as told:
        await node.stub.SetStatus(pb.SetStatusRequest())
    with pytest.raises(grpc.aio.AioRpcError) as connected:
        await node.stub.Connect(pb.ConnectRequest()).read()

    codes = {refused.value.code() for refused in (asked, told, connected)}
    assert codes == {grpc.StatusCode.UNAUTHENTICATED}

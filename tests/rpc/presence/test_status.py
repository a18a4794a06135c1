"""Custom statuses."""

from datetime import datetime, timedelta

import grpc
import pytest
from chatly.presence.v1 import presence_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from tests.builders import NOON
from tests.rpc.presence.harness import Cluster, Node
from tests.unit.presence.harness import a_user

ANN, BOB = a_user(), a_user()


def at(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


async def test_contacts_receive_a_status_and_its_removal(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    bob = await node.connect(BOB)

    answer = await node.set_status(ANN, pb.CustomStatus(text="at lunch", emoji="🍜"))
    await bob.until(lambda device: device.states[ANN].status.text == "at lunch")
    assert bob.states[ANN] == answer

    await node.set_status(ANN, None)
    await bob.until(lambda device: not device.states[ANN].HasField("status"))


async def test_a_status_is_removed_at_its_expiry(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    bob = await node.connect(BOB)
    lunch = pb.CustomStatus(text="at lunch", expires_at=at(NOON + timedelta(seconds=5)))
    await node.set_status(ANN, lunch)
    await bob.until(lambda device: device.states[ANN].status == lunch)

    cluster.clock.advance(5)

    await bob.until(lambda device: not device.states[ANN].HasField("status"))
    assert not (await node.get(ANN, caller=BOB))[0].HasField("status")


@pytest.mark.parametrize(
    ("status", "field"),
    [
        (pb.CustomStatus(text="late", expires_at=at(NOON)), "status.expires_at"),
        (pb.CustomStatus(text="never", expires_at=Timestamp(seconds=1 << 60)), "status.expires_at"),
        (pb.CustomStatus(text="x" * 101), "status.text"),
        (pb.CustomStatus(emoji="🐝" * 17), "status.emoji"),
    ],
)
async def test_an_invalid_status_is_rejected_with_the_field(node: Node, status: pb.CustomStatus, field: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await node.set_status(ANN, status)

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert field in (refused.value.details() or "")


async def test_the_longest_status_is_accepted_in_any_script(node: Node) -> None:
    status = pb.CustomStatus(text="ש" * 100, emoji="👩‍👩‍👧‍👦")

    assert (await node.set_status(ANN, status)).status == status


async def test_contacts_receive_the_empty_state_of_an_erased_user(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    await cluster.profiles.record_seen({ANN: NOON})
    await node.set_status(ANN, pb.CustomStatus(text="at lunch"))
    bob = await node.connect(BOB)
    assert bob.states[ANN].status.text == "at lunch"

    await node.stub.EraseUser(pb.EraseUserRequest(user_id=ANN), metadata=node.served.as_service())

    await bob.until(lambda device: not device.states[ANN].HasField("status"))
    assert not bob.states[ANN].HasField("last_seen_at")


async def test_users_cannot_erase_a_state(node: Node) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await node.stub.EraseUser(pb.EraseUserRequest(user_id=ANN), metadata=node.served.as_user(ANN))

    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED

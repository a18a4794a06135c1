"""Users see their contacts come online and go offline."""

from chatly.presence.v1 import presence_service_pb2 as pb

from tests.builders import NOON
from tests.rpc.presence.harness import Cluster, Node
from tests.unit.presence.harness import a_user
from tests.waiting import eventually

ANN, BOB, EVE = a_user(), a_user(), a_user()


async def test_the_first_response_contains_all_contacts_and_the_user(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)

    ann = await node.connect(ANN)

    assert ann.sees(ANN) == pb.AVAILABILITY_ONLINE
    assert ann.sees(BOB) == pb.AVAILABILITY_OFFLINE
    assert len(ann.states) == 2


async def test_users_who_share_a_chat_see_each_other_come_online(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    ann = await node.connect(ANN)

    bob = await node.connect(BOB)

    assert bob.sees(ANN) == pb.AVAILABILITY_ONLINE
    await ann.until_online(BOB)


async def test_users_on_different_nodes_see_each_other_come_online(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    ann = await node.connect(ANN)

    async with cluster.node() as other:
        await other.connect(BOB)
        await ann.until_online(BOB)


async def test_a_stranger_sees_nothing(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    eve, ann = await node.connect(EVE), await node.connect(ANN)
    await node.connect(BOB)
    await ann.until_online(BOB)
    await node.set_status(BOB, pb.CustomStatus(text="here"))
    await ann.until(lambda device: device.states[BOB].status.text == "here")

    await node.set_status(EVE, pb.CustomStatus(text="the last update"))
    await eve.until(lambda device: device.states[EVE].status.text == "the last update")

    assert set(eve.states) == {EVE}
    assert await node.get(BOB, caller=EVE) == [pb.Presence(user_id=BOB, availability=pb.AVAILABILITY_OFFLINE)]


async def test_a_user_is_offline_after_the_grace_period_and_last_seen_is_the_disconnect_time(
    cluster: Cluster, node: Node
) -> None:
    cluster.friends(ANN, BOB)
    ann, bob = await node.connect(ANN), await node.connect(BOB)
    await ann.until_online(BOB)

    bob.call.cancel()
    await eventually(lambda: BOB in cluster.leases.released)
    cluster.clock.advance(9)
    await cluster.leases.swept()
    assert cluster.leases.went_offline == []
    cluster.clock.advance(1)

    await ann.until_offline(BOB)
    assert ann.states[BOB].last_seen_at.ToDatetime(NOON.tzinfo) == NOON


async def test_a_quick_reconnect_is_not_visible(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    ann, bob = await node.connect(ANN), await node.connect(BOB)
    await ann.until_online(BOB)

    bob.call.cancel()
    await eventually(lambda: BOB in cluster.leases.released)
    cluster.clock.advance(9)
    await cluster.leases.swept()
    await node.connect(BOB)
    cluster.clock.advance(9)
    await cluster.leases.swept()
    await node.set_status(BOB, pb.CustomStatus(text="back"))
    await ann.until(lambda device: device.states[BOB].status.text == "back")

    assert cluster.leases.went_offline == []
    assert not any(
        presence.user_id == BOB and presence.availability == pb.AVAILABILITY_OFFLINE
        for answer in ann.answers[1:]
        for presence in answer.presences
    )


async def test_a_user_is_online_until_the_last_device_disconnects(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    ann, phone = await node.connect(ANN), await node.connect(BOB, "phone")
    laptop = await node.connect(BOB, "laptop")
    await ann.until_online(BOB)

    phone.call.cancel()
    await eventually(lambda: BOB in cluster.leases.released)
    for _ in range(2):
        cluster.clock.advance(9)
        await cluster.leases.swept()
    assert cluster.leases.went_offline == []

    laptop.call.cancel()
    await eventually(lambda: cluster.leases.released.count(BOB) == 2)
    cluster.clock.advance(9)
    await cluster.leases.swept()
    cluster.clock.advance(1)
    await ann.until_offline(BOB)


async def test_users_of_a_dead_node_are_offline_after_the_grace_period(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    async with cluster.node(loops=False) as dead:
        await dead.connect(BOB)
        ann = await node.connect(ANN)
        assert ann.sees(BOB) == pb.AVAILABILITY_ONLINE

        cluster.clock.advance(9)
        await cluster.leases.swept()
        assert cluster.leases.went_offline == []
        cluster.clock.advance(1)

        await ann.until_offline(BOB)
        assert ann.sees(ANN) == pb.AVAILABILITY_ONLINE
        assert ann.states[BOB].last_seen_at.ToDatetime(NOON.tzinfo) == NOON


async def test_a_new_stream_of_the_same_device_replaces_the_older_one(cluster: Cluster, node: Node) -> None:
    older, other = await node.connect(ANN, "phone"), await node.connect(ANN, "laptop")

    newer = await node.connect(ANN, "phone")

    await older.until_end()
    assert not older.answers[-1].reconnect
    await node.set_status(ANN, pb.CustomStatus(text="still here"))
    for device in (newer, other):
        await device.until(lambda device: device.states[ANN].status.text == "still here")


async def test_a_new_stream_on_another_node_replaces_the_older_one(cluster: Cluster, node: Node) -> None:
    older = await node.connect(ANN, "phone")
    cluster.clock.advance(1)

    async with cluster.node() as another:
        await another.connect(ANN, "phone")
        await older.until_end()


async def test_streams_without_a_device_name_coexist(cluster: Cluster, node: Node) -> None:
    one, other = await node.connect(ANN), await node.connect(ANN)

    await node.set_status(ANN, pb.CustomStatus(text="both"))

    for device in (one, other):
        await device.until(lambda device: device.states[ANN].status.text == "both")

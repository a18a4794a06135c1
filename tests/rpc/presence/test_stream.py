"""Streams when contacts change, events are lost, nothing happens, and the server shuts down."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from chatly.presence.v1 import presence_service_pb2 as pb

from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusMessage
from tests.rpc.presence.harness import SETTINGS, Cluster, Node
from tests.unit.presence.harness import a_user

ANN, BOB, EVE = a_user(), a_user(), a_user()


async def test_a_new_contact_appears_when_messaging_publishes_the_change(cluster: Cluster, node: Node) -> None:
    ann = await node.connect(ANN)
    await node.connect(BOB)

    cluster.friends(ANN, BOB)
    await cluster.bus.publish([BusMessage(f"contacts:{ANN}", b"")])

    await ann.until_online(BOB)
    assert ann.answers[-1].snapshot


async def test_a_removed_contact_disappears_and_sends_no_more_updates(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    ann = await node.connect(ANN)

    cluster.contacts.pairs.clear()
    await cluster.bus.publish([BusMessage(f"contacts:{ANN}", b"")])
    await ann.until(lambda device: BOB not in device.states)

    await node.connect(BOB)
    await node.set_status(ANN, pb.CustomStatus(text="the last update"))
    await ann.until(lambda device: device.states[ANN].status.text == "the last update")
    assert BOB not in ann.states


async def test_old_contact_lists_are_read_again(cluster: Cluster, node: Node) -> None:
    ann = await node.connect(ANN)
    cluster.friends(ANN, BOB)

    cluster.clock.advance(30)

    await ann.until(lambda device: BOB in device.states)


async def test_while_messaging_is_unavailable_users_see_only_themselves(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    cluster.contacts.unavailable = True
    ann = await node.connect(ANN)
    assert set(ann.states) == {ANN}

    cluster.contacts.unavailable = False
    cluster.clock.advance(2)

    await ann.until(lambda device: BOB in device.states)


async def test_after_a_gap_in_the_bus_a_new_snapshot_is_sent() -> None:
    cluster = Cluster(bus=MemoryBus(capacity=1))
    cluster.friends(ANN, BOB)
    async with cluster.node() as node:
        ann = await node.connect(ANN)
        await ann.until(lambda device: len(device.answers) > 1)

        await cluster.bus.publish([BusMessage(f"presence:{BOB}", b"lost")] * 3)

        await ann.until(lambda device: device.answers[-1].snapshot)
        assert set(ann.states) == {ANN, BOB}


async def test_an_idle_stream_sends_keep_alives() -> None:
    cluster = Cluster(settings=replace(SETTINGS, keep_alive_seconds=0.05))
    async with cluster.node() as node:
        ann = await node.connect(ANN)

        await ann.until(lambda device: device.answers[-1] == pb.ConnectResponse())


async def test_rapid_changes_share_responses(cluster: Cluster) -> None:
    cluster.settings = replace(SETTINGS, flush_seconds=0.5)
    cluster.friends(ANN, BOB)
    async with cluster.node() as node:
        ann = await node.connect(ANN)
        for number in range(50):
            await node.set_status(BOB, pb.CustomStatus(text=str(number)))

        await ann.until(lambda device: device.states[BOB].status.text == "49")
        assert len(ann.answers) < 25


async def test_a_server_that_shuts_down_asks_its_streams_to_reconnect(cluster: Cluster) -> None:
    async with AsyncExitStack() as after_the_server:
        async with cluster.node() as node:
            channel = await after_the_server.enter_async_context(node.another_channel())
            ann = await node.connect(ANN, over=channel)
        await ann.until_end()

    assert ann.answers[-1].reconnect
    assert 0 <= ann.answers[-1].reconnect_delay_ms <= 3000
    assert cluster.profiles.seen == {ANN: cluster.clock.now()}


@pytest.mark.parametrize("device_id", ["d" * 100, "📱", "גלאי"])
async def test_a_device_name_has_at_most_100_characters(node: Node, device_id: str) -> None:
    assert (await node.connect(ANN, device_id)).sees(ANN) == pb.AVAILABILITY_ONLINE


async def test_a_block_ends_presence_at_once_even_if_messaging_does_not_know_it_yet(
    cluster: Cluster, node: Node
) -> None:
    cluster.friends(ANN, BOB)
    async with cluster.node() as other:
        ann, bob = await node.connect(ANN), await other.connect(BOB)
        await ann.until_online(BOB)
        await bob.until_online(ANN)
        assert (await other.get(BOB, caller=ANN))[0].version

        await cluster.bus.publish([BusMessage("blocks:changed", f"block {BOB} {ANN}".encode())])

        await ann.until(lambda device: BOB not in device.states)
        await bob.until(lambda device: ANN not in device.states)
        for each in (node, other):
            assert [seen.version for seen in await each.get(BOB, caller=ANN)] == [0]
        cluster.clock.advance(9)
        assert [seen.version for seen in await node.get(BOB, caller=ANN)] == [0]

        await cluster.bus.publish([BusMessage("blocks:changed", f"unblock {BOB} {ANN}".encode())])

        await ann.until(lambda device: BOB in device.states)

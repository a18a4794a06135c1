"""How a stream behaves when contacts change, news are lost, nothing happens, and the server goes."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from chatly.presence.v1 import presence_service_pb2 as pb

from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusMessage
from tests.rpc.presence.devices import SETTINGS, Cluster, Node
from tests.unit.presence.fakes import a_user

ANN, BOB, EVE = a_user(), a_user(), a_user()


async def test_a_new_contact_appears_as_soon_as_messaging_tells(cluster: Cluster, node: Node) -> None:
    ann = await node.connect(ANN)
    await node.connect(BOB)

    cluster.friends(ANN, BOB)
    await cluster.bus.publish([BusMessage(f"contacts:{ANN}", b"")])

    await ann.until_online(BOB)
    assert ann.answers[-1].snapshot


async def test_a_lost_contact_is_forgotten_and_heard_of_no_more(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    ann = await node.connect(ANN)

    cluster.contacts.pairs.clear()
    await cluster.bus.publish([BusMessage(f"contacts:{ANN}", b"")])
    await ann.until(lambda device: BOB not in device.states)

    await node.connect(BOB)
    await node.set_status(ANN, pb.CustomStatus(text="the last thing told"))
    await ann.until(lambda device: device.states[ANN].status.text == "the last thing told")
    assert BOB not in ann.states


async def test_contacts_are_asked_for_again_when_they_are_old(cluster: Cluster, node: Node) -> None:
    ann = await node.connect(ANN)
    cluster.friends(ANN, BOB)

    cluster.clock.advance(30)

    await ann.until(lambda device: BOB in device.states)


async def test_without_messaging_one_sees_oneself_and_the_others_once_it_is_back(cluster: Cluster, node: Node) -> None:
    cluster.friends(ANN, BOB)
    cluster.contacts.away = True
    ann = await node.connect(ANN)
    assert set(ann.states) == {ANN}

    cluster.contacts.away = False
    cluster.clock.advance(2)

    await ann.until(lambda device: BOB in device.states)


async def test_after_a_gap_in_the_bus_everything_is_told_again() -> None:
    cluster = Cluster(bus=MemoryBus(capacity=1))
    cluster.friends(ANN, BOB)
    async with cluster.node() as node:
        ann = await node.connect(ANN)
        await ann.until(lambda device: len(device.answers) > 1)

        await cluster.bus.publish([BusMessage(f"presence:{BOB}", b"lost")] * 3)

        await ann.until(lambda device: device.answers[-1].snapshot)
        assert set(ann.states) == {ANN, BOB}


async def test_a_silent_stream_says_that_it_is_alive() -> None:
    cluster = Cluster(settings=replace(SETTINGS, keep_alive_seconds=0.05))
    async with cluster.node() as node:
        ann = await node.connect(ANN)

        await ann.until(lambda device: device.answers[-1] == pb.ConnectResponse())


async def test_changes_that_come_fast_are_told_together(cluster: Cluster) -> None:
    cluster.settings = replace(SETTINGS, flush_seconds=0.5)
    cluster.friends(ANN, BOB)
    async with cluster.node() as node:
        ann = await node.connect(ANN)
        for number in range(50):
            await node.set_status(BOB, pb.CustomStatus(text=str(number)))

        await ann.until(lambda device: device.states[BOB].status.text == "49")
        assert len(ann.answers) < 25


async def test_a_server_that_goes_sends_its_streams_elsewhere(cluster: Cluster) -> None:
    async with AsyncExitStack() as after_the_server:
        async with cluster.node() as node:
            channel = await after_the_server.enter_async_context(node.another_channel())
            ann = await node.connect(ANN, over=channel)
        await ann.until_end()

    assert ann.answers[-1].reconnect
    assert 0 <= ann.answers[-1].reconnect_delay_ms <= 3000
    assert cluster.profiles.seen == {ANN: cluster.clock.now()}


@pytest.mark.parametrize("device_id", ["d" * 100, "📱", "גלאי"])
async def test_a_device_may_have_any_name_of_at_most_100_characters(node: Node, device_id: str) -> None:
    assert (await node.connect(ANN, device_id)).sees(ANN) == pb.AVAILABILITY_ONLINE

"""A Redis is stopped, started and delayed: no call blocks, and lost messages are reported."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from kernel.bus.ports import BusGap, BusMessage, BusSubscription, LiveBus
from kernel.errors import ChatlyError, Code, KernelReason
from kernel.redis.bus import open_redis_bus
from kernel.redis.handle import RedisHandle, Script, open_redis
from kernel.redis.shards import Shards
from tests.engines.own_redis import OwnRedis
from tests.waiting import eventually

pytestmark = pytest.mark.engines("redis")
ECHO = Script.of("return ARGV[1]")
NEWS, LATER = BusMessage("a", b"news"), BusMessage("a", b"later")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OwnRedis]:
    own = OwnRedis(tmp_path)
    await own.start()
    yield own
    await own.stop()


async def works(redis: RedisHandle) -> bool:
    try:
        return bool(await redis.run(ECHO, [], "hello") == b"hello")
    except ChatlyError:
        return False


async def heard(subscription: BusSubscription, wanted: BusMessage | BusGap) -> list[BusMessage | BusGap]:
    """Return everything received, up to the wanted message."""
    messages: list[BusMessage | BusGap] = []
    async with asyncio.timeout(15):
        while wanted not in messages:
            messages += await subscription.receive()
    return messages


async def heard_again(bus: LiveBus, subscription: BusSubscription) -> None:
    """Publish until a message arrives. Messages that fail at first are one more gap."""
    async with asyncio.timeout(15):
        while True:
            await bus.publish([BusMessage("a", b"again?")])
            with suppress(TimeoutError):
                if BusMessage("a", b"again?") in await asyncio.wait_for(subscription.receive(), 0.1):
                    return


async def test_commands_fail_at_once_without_redis_and_work_again_afterwards(server: OwnRedis) -> None:
    async with open_redis(server.settings()) as redis:
        assert await works(redis)
        await server.stop()

        for _ in range(3):
            began = time.monotonic()
            with pytest.raises(ChatlyError) as error:
                await redis.ask([("GET", "a")] * 10)
            assert time.monotonic() - began < 2
            assert (error.value.code, error.value.reason) == (Code.UNAVAILABLE, KernelReason.STORE_UNAVAILABLE)
            assert str(server.port) in error.value.message

        await server.start()
        await eventually(lambda: works(redis), "redis is used again")


@pytest.mark.timeout(60)
async def test_a_rejected_connection_can_be_cancelled_at_any_time(tmp_path: Path) -> None:
    guarded = OwnRedis(tmp_path, "--requirepass", "right")
    await guarded.start()

    async def open_for(seconds: float) -> None:
        async with open_redis(guarded.settings(password="wrong")) as redis:
            assert not await works(redis)
            await asyncio.sleep(seconds)

    try:
        async with asyncio.timeout(30):
            await asyncio.gather(*(open_for(0.25 + number / 1_000) for number in range(200)))
    finally:
        await guarded.stop()


async def test_a_redis_that_starts_late_is_used_once_it_runs(tmp_path: Path) -> None:
    server = OwnRedis(tmp_path)
    async with open_redis(server.settings()) as redis, open_redis_bus(redis) as bus:
        assert not await works(redis)
        subscription = bus.subscribe()
        await asyncio.wait_for(subscription.add(["a"]), 5)
        await bus.publish([NEWS])

        await server.start()
        await heard(subscription, BusGap())
        await heard_again(bus, subscription)
    await server.stop()


async def test_a_restart_reports_a_gap_and_messages_arrive_again(server: OwnRedis) -> None:
    async with (
        open_redis(server.settings()) as here,
        open_redis(server.settings()) as there,
        open_redis_bus(here, barriers=["stored"]) as listening,
        open_redis_bus(there, barriers=["stored"]) as bus,
    ):
        subscription = listening.subscribe()
        await subscription.add(["a", "stored"])
        await bus.publish([NEWS])
        await heard(subscription, NEWS)

        await server.stop()
        for _ in range(3):
            await asyncio.wait_for(bus.publish([NEWS]), 1)
            await asyncio.sleep(0)
        await asyncio.wait_for(subscription.add(["b", "c"]), 5)
        await subscription.remove(["c"])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(subscription.receive(), 0.5)
        await server.start()

        assert NEWS not in await heard(subscription, BusGap())
        await heard_again(bus, subscription)
        stored, other = BusMessage("stored", b"watermark"), BusMessage("b", b"heard too")
        await bus.publish([LATER, other, stored])
        received = await heard(subscription, stored)
        assert received[-3:] == [LATER, other, stored]


async def test_a_connected_subscriber_gets_a_gap_for_what_another_node_could_not_publish(server: OwnRedis) -> None:
    async with (
        open_redis(server.settings()) as here,
        open_redis(server.settings()) as there,
        open_redis_bus(here) as listening,
        open_redis_bus(there) as speaking,
    ):
        subscription = listening.subscribe()
        await subscription.add(["a"])
        assert await works(there)
        # Longer than a command's timeout.
        await here.ask([("CLIENT", "PAUSE", 2_000, "ALL")])
        await speaking.publish([NEWS])

        assert NEWS not in await heard(subscription, BusGap())
        await heard_again(speaking, subscription)


async def test_a_process_gets_its_own_messages_at_once_and_once_with_and_without_redis(server: OwnRedis) -> None:
    numbered = [BusMessage("a", str(number).encode()) for number in range(60)]
    async with open_redis(server.settings()) as redis, open_redis_bus(redis) as bus:
        subscription = bus.subscribe()
        await subscription.add(["a"])
        await bus.publish(numbered[:20])
        assert list(await asyncio.wait_for(subscription.receive(), 0.1)) == numbered[:20]
        await redis.ask([("PING",)])

        await server.stop()
        await bus.publish(numbered[20:40])
        assert list(await asyncio.wait_for(subscription.receive(), 0.1)) == numbered[20:40]

        await server.start()
        await eventually(lambda: bus.up, "redis is used again")
        await bus.publish(numbered[40:])
        received = await heard(subscription, numbered[-1])
        with suppress(TimeoutError):
            # A copy that Redis returns late would be a repeat.
            async with asyncio.timeout(0.3):
                while True:
                    received += await subscription.receive()
        assert [each for each in received if each != BusGap()] == numbered[40:]


async def test_own_messages_arrive_once_when_another_process_reports_a_loss(server: OwnRedis) -> None:
    async with open_redis(server.settings()) as redis, open_redis_bus(redis) as bus:
        subscription = bus.subscribe()
        await subscription.add(["a"])
        shards = Shards(count=redis.shards, prefix=redis.key(""), barriers=())
        report = [redis.submit("SPUBLISH", shards.losses(shard), b"") for shard in shards.of("a")]
        await bus.publish([NEWS])
        await asyncio.wait(report)
        received = await heard(subscription, BusGap())
        await redis.ask([("SPUBLISH", shards.name(shard, "a"), b"later") for shard in shards.of("a")])
        received += await heard(subscription, LATER)

        assert received == [NEWS, BusGap(), LATER]


@pytest.mark.parametrize("frozen", [False, True])
async def test_the_bus_is_down_within_two_seconds_of_an_outage_and_up_after_its_gap(
    server: OwnRedis, *, frozen: bool
) -> None:
    async with open_redis(server.settings()) as redis, open_redis_bus(redis) as bus:
        subscription = bus.subscribe()
        await subscription.add(["a"])
        assert bus.up

        if frozen:
            server.freeze()
        else:
            await server.stop()
        await eventually(lambda: not bus.up, "the outage is noticed", seconds=2)
        # A Redis that hangs for a short time keeps its connections: only failed messages leave a gap.
        await bus.publish([NEWS])
        if frozen:
            server.thaw()
        else:
            await server.start()

        await heard(subscription, BusGap())
        await eventually(lambda: bus.up, "redis is used again")


async def test_a_channel_that_a_hanging_redis_confirms_late_leaves_a_gap(server: OwnRedis) -> None:
    async with open_redis(server.settings()) as redis, open_redis_bus(redis) as bus:
        subscription = bus.subscribe()
        await subscription.add(["a"])
        server.freeze()
        await asyncio.wait_for(subscription.add(["b"]), 2)
        server.thaw()

        await heard(subscription, BusGap())


async def test_a_hanging_connection_is_closed(server: OwnRedis) -> None:
    async with open_redis(server.settings()) as redis, open_redis_bus(redis, silence=0.6) as bus:
        subscription = bus.subscribe()
        await subscription.add(["a"])
        server.freeze()
        # Adding a channel waits for the server's confirmation, or until the connection is closed.
        await asyncio.wait_for(subscription.add(["b"]), 10)
        server.thaw()

        await heard(subscription, BusGap())
        await heard_again(bus, subscription)


async def test_an_idle_connection_stays_open(server: OwnRedis) -> None:
    async with open_redis(server.settings()) as redis, open_redis_bus(redis, silence=0.3) as bus:
        subscription = bus.subscribe()
        await subscription.add(["a"])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(subscription.receive(), 1)

        await bus.publish([NEWS])
        assert await heard(subscription, NEWS) == [NEWS]


async def test_scripts_that_the_server_lost_are_loaded_again(server: OwnRedis) -> None:
    async with open_redis(server.settings()) as redis:
        assert await works(redis)
        await redis.ask([("SCRIPT", "FLUSH")])

        assert await works(redis)


async def test_a_wrong_password_is_reported(tmp_path: Path) -> None:
    server = OwnRedis(tmp_path, "--requirepass", "open sesame")
    await server.start()
    async with open_redis(server.settings(password="open sesame")) as redis:
        assert await works(redis)
    async with open_redis(server.settings(password="open barley")) as redis:
        with pytest.raises(ChatlyError, match="password"):
            await redis.ask([("GET", "a")])
    await server.stop()


async def test_a_cancelled_command_does_not_affect_others(server: OwnRedis) -> None:
    async with open_redis(server.settings()) as redis:
        asked = [asyncio.create_task(redis.run(ECHO, [], number)) for number in range(100)]
        await asyncio.sleep(0)
        for task in asked[::2]:
            task.cancel()

        assert await asyncio.gather(*asked[1::2]) == [str(number).encode() for number in range(1, 100, 2)]
        assert await works(redis)

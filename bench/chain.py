"""The baseline for two nodes: produce (acks=all) → publish → receive, with the same client libraries and nothing else.

`python -m bench.chain send …` sends at fixed times, as an open loop. Another process, `python -m bench.chain receive
…`, receives and prints as JSON how many seconds each message took from its due time. bench/two_nodes.py runs both.
"""

import asyncio
import json
import sys
import time
from collections import deque
from functools import partial

import redis.asyncio
import uvloop
from kafka import KafkaProducer

_PAYLOAD = b"x" * 200
_LAST = b"end"


class Chain:
    """The sending half. It publishes what Kafka acknowledged; what was acknowledged together in one pipeline."""

    def __init__(self, producer: KafkaProducer, client: redis.asyncio.Redis, topic: str, channel: str) -> None:
        self._producer = producer
        self._redis = client
        self._topic = topic
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._acknowledged: deque[bytes] = deque()
        self._some = asyncio.Event()

    def send(self, number: int, due: float) -> None:
        value = b"%.9f " % due + _PAYLOAD
        self._producer.send(self._topic, value, b"%d" % (number % 50)).add_callback(partial(self._on_ack, value))

    async def publish(self) -> None:
        """A background loop."""
        while True:
            await self._some.wait()
            self._some.clear()
            async with self._redis.pipeline(transaction=False) as pipeline:
                while self._acknowledged:
                    pipeline.publish(self._channel, self._acknowledged.popleft())
                await pipeline.execute()

    def _on_ack(self, value: bytes, _: object) -> None:
        self._acknowledged.append(value)
        self._loop.call_soon_threadsafe(self._some.set)


def _producer(kafka: str, topic: str) -> KafkaProducer:
    """Return a producer that is connected and knows the topic, so that its first send does not block."""
    producer = KafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True, linger_ms=0)
    producer.partitions_for(topic)
    return producer


async def _send(*, kafka: str, topic: str, url: str, channel: str, per_second: int, number: int) -> None:
    producer = await asyncio.to_thread(_producer, kafka, topic)
    async with redis.asyncio.from_url(url) as client:
        chain = Chain(producer, client, topic, channel)
        publishing = asyncio.create_task(chain.publish())
        begin = time.monotonic()
        for each in range(number):
            due = begin + each / per_second
            await asyncio.sleep(max(due - time.monotonic(), 0))
            chain.send(each, due)
        await asyncio.to_thread(producer.flush)
        await asyncio.sleep(1)
        publishing.cancel()
        await client.publish(channel, _LAST)
    await asyncio.to_thread(producer.close)


async def _receive(url: str, channel: str) -> None:
    async with redis.asyncio.from_url(url) as client, client.pubsub() as heard:
        await heard.subscribe(channel)
        took = []
        async for message in heard.listen():
            if message["type"] == "subscribe":
                print("ready", flush=True)
            elif message["data"] == _LAST:
                break
            else:
                took.append(time.monotonic() - float(message["data"].partition(b" ")[0]))
        print(json.dumps(took), flush=True)


def main() -> None:
    match sys.argv[1:]:
        case ["receive", url, channel]:
            uvloop.run(_receive(url, channel))
        case ["send", kafka, topic, url, channel, per_second, number]:
            load = {"per_second": int(per_second), "number": int(number)}
            uvloop.run(_send(kafka=kafka, topic=topic, url=url, channel=channel, **load))


if __name__ == "__main__":
    main()

"""Latency from a send on one node to the delivery on another on the real engines, compared with the bare chain of the
same clients.
"""

import asyncio
import json
import sys
from collections.abc import Sequence

from kafka.admin import KafkaAdminClient, NewTopic

from bench.pairs import PAIRS, steady
from bench.report import Section, compare, totals
from bench.scale import Scale
from bench.sides.engines import Engines
from bench.sides.side import ROOT, Result
from bench.sides.stage import DURABLE, Stage

_PER_SECOND = 200
_CHAIN = "bare chain"


async def measure(stage: Stage, scale: Scale) -> Section:
    sides = await stage.sides([DURABLE[2]])
    topic = _topic(stage.engines())
    raw = []
    for _ in range(scale.rounds):
        raw.append(await _chain(stage.engines(), topic, scale))
        raw += [await steady(side, scale, PAIRS, _PER_SECOND) for side in sides]
    goals = {"p50": "within ×2", "p95": "", "p99": "within ×3", "max": ""}
    return Section(
        f"Across two nodes at {_PER_SECOND} messages a second, against produce → publish → receive",
        [
            *(
                row
                for share, goal in goals.items()
                for row in compare(f"delivered {share}, ms", raw, "delivered_ms", share, goal=goal)
            ),
            *totals(raw, "lost"),
        ],
        raw,
    )


def _topic(engines: Engines) -> str:
    name = engines.fresh_name("chain")
    admin = KafkaAdminClient(bootstrap_servers=engines.kafka)
    admin.create_topics([NewTopic(name, num_partitions=engines.partitions, replication_factor=1)])
    admin.close()
    return name


async def _chain(engines: Engines, topic: str, scale: Scale) -> Result:
    url, channel = f"redis://{engines.redis}", engines.fresh_name("channel")
    measured = int(scale.seconds * _PER_SECOND)
    sent = measured + int(scale.warm_up_seconds * _PER_SECOND)
    receiver = await _python("receive", url, channel)
    assert receiver.stdout is not None
    try:
        await asyncio.wait_for(receiver.stdout.readline(), 30)
        sender = await _python("send", engines.kafka, topic, url, channel, str(_PER_SECOND), str(sent))
        if await sender.wait():
            raise RuntimeError("the chain's sender failed")
        took = json.loads(await asyncio.wait_for(receiver.stdout.readline(), 30))
    finally:
        if receiver.returncode is None:
            receiver.terminate()
        await receiver.wait()
    return {"side": _CHAIN, "delivered_ms": _times(took[-measured:]), "lost": sent - len(took)}


async def _python(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.chain", *arguments), stdout=asyncio.subprocess.PIPE, cwd=ROOT, limit=2**22
    )


def _times(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(1000 * value for value in seconds)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: ordered[int(share * (len(ordered) - 1))] for name, share in shares.items()}

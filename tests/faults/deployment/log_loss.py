"""The loss of the log: all brokers are killed, and start again without data, or with a copy or what was synced."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from cassandra import ConsistencyLevel
from cassandra.cluster import Cluster
from cassandra.query import SimpleStatement

from history.codec import decode
from history.model import MessageDeleted, MessageEdited, MessageSent, ReactionSet, ReadMarkMoved
from tests.faults.checker.losses import Fact, Loss
from tests.faults.checker.timeline import Action
from tests.faults.deployment.deployment import Deployment
from tests.faults.deployment.engines import EMPTY, KEYSPACE, copy_data
from tests.faults.deployment.part import Part, on_each

_COPY = "copy"
_REPORT_SECONDS = 180.0
_STATUS_SECONDS = 30.0
_OFFSETS = "SELECT log_partition, log_offset FROM stored_offsets"
_EVENTS = "SELECT log_partition, log_offset, value FROM events"


def lose_log(deployment: Deployment, action: Action, *, hold_seconds: float) -> Loss:
    """Return the loss, once Chatly has reported it or `_REPORT_SECONDS` are over.

    A restored log goes back to the data of `hold_seconds` ago. Otherwise the persisters stop before, so the lost log
    has messages that are not stored.
    """
    restored = action is Action.RESTORED_LOG
    brokers, persisters = _of(deployment, "kafka-"), _of(deployment, "persister-")
    cassandra = _of(deployment, "cassandra-")
    known = _wait_for_epoch(deployment.environ, after=-1)
    if restored:
        on_each(Part.freeze, brokers)
        on_each(lambda part: copy_data(part.node, to=_COPY), brokers)
        on_each(Part.thaw, brokers)
    else:
        on_each(Part.freeze, persisters)
    time.sleep(hold_seconds)
    on_each(Part.kill, brokers)
    stored = frozenset(_stored(cassandra))
    on_each(lambda part: _take_away(part, action), brokers)
    at = time.time()
    on_each(Part.start, brokers)
    if not restored:
        on_each(Part.thaw, persisters)
    reported = _wait_for_epoch(deployment.environ, after=known) > known
    # A persister may have had records of the lost log in memory, and store them late.
    return Loss(at=at, reported=reported, stored=stored | frozenset(_stored(cassandra)))


def _take_away(broker: Part, action: Action) -> None:
    """Replace the data of a broker that was killed."""
    if broker.disk is None:
        raise RuntimeError(f"the disk of {broker.name} cannot lose power")
    if action is Action.POWER_CUT_OF_ALL:
        broker.disk.cut()
    else:
        copy_data(broker.node, source=_COPY if action is Action.RESTORED_LOG else EMPTY)
        broker.disk.switch_on()


def _of(deployment: Deployment, prefix: str) -> list[Part]:
    return [part for name, part in deployment.parts.items() if name.startswith(prefix)]


def _wait_for_epoch(environ: Mapping[str, str], *, after: int) -> int:
    """Return the newest epoch that `chatly log status` reports, once it is later than `after`. Return `after` if that
    takes too long.
    """
    deadline = time.monotonic() + _REPORT_SECONDS
    while time.monotonic() < deadline:
        if (newest := _newest_epoch(environ)) is not None and newest > after:
            return newest
        time.sleep(0.5)
    return after


def _newest_epoch(environ: Mapping[str, str]) -> int | None:
    """Return the newest epoch that `chatly log status` reports; 0 if it reports none, None if it cannot read them."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "mesh", "log", "status"],
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            timeout=_STATUS_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    numbers = [int(number) for number in re.findall(r"^epoch (\d+) since", done.stdout, re.MULTILINE)]
    return max(numbers) if numbers else 0 if "Nothing is missing" in done.stdout else None


def _stored(nodes: Sequence[Part]) -> Iterator[Fact]:
    """Yield the changes up to the stored offsets."""
    hosts, port = [part.node.address.rpartition(":")[0] for part in nodes], nodes[0].node.address.rpartition(":")[2]
    with Cluster(hosts, port=int(port)) as cluster:
        session = cluster.connect(KEYSPACE)
        offsets = {row.log_partition: row.log_offset for row in session.execute(_at_quorum(_OFFSETS))}
        for row in session.execute(_at_quorum(_EVENTS)):
            if row.log_offset <= offsets.get(row.log_partition, -1):
                yield from _facts(row.value)


def _at_quorum(query: str) -> SimpleStatement:
    return SimpleStatement(query, consistency_level=ConsistencyLevel.QUORUM)


def _facts(value: bytes) -> Iterator[Fact]:
    event = decode(value)
    change, actor = event.change, str(event.actor_id)
    if isinstance(change, MessageSent):
        yield ("sent", actor, str(change.client_message_id))
    elif isinstance(change, MessageEdited):
        yield ("edited", str(change.message_id), change.text)
    elif isinstance(change, MessageDeleted) and change.for_everyone:
        yield ("deleted", str(change.message_id))
    elif isinstance(change, ReactionSet):
        yield ("reacted", actor, str(change.message_id), change.emoji, str(change.present))
    elif isinstance(change, ReadMarkMoved):
        yield ("read", actor, str(change.message_id))

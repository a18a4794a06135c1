"""All engines: started in order and recorded in a state file, by which other processes find and stop them."""

import fcntl
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from engines.cassandra import cassandra_nodes
from engines.kafka import kafka_nodes
from engines.node import EngineError, Node, Running, start, stop, wait_until_ready
from engines.redis import redis_nodes
from engines.s3 import s3_nodes
from engines.settings import EngineSettings

ENGINES: Mapping[str, Callable[[EngineSettings], list[Node]]] = {
    "redis": redis_nodes,
    "s3": s3_nodes,
    "kafka": kafka_nodes,
    "cassandra": cassandra_nodes,
}
READY_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Member:
    """A started node, as the state file stores it."""

    engine: str
    name: str
    address: str
    log: str
    running: Running


class Fleet:
    """The engines of one state file. Several processes may use it at once: one starts the engines, the others wait."""

    def __init__(self, settings: EngineSettings, *, say: Callable[[str], None] = print) -> None:
        self._settings = settings
        self._state = settings.state
        self._say = say

    def up(self, engines: Iterable[str] = tuple(ENGINES)) -> list[str]:
        """Start those of these engines that do not run and wait until all answer. Return the engines that this call
        started.

        Raise EngineError if an engine does not start; then everything that this call started is stopped.
        """
        with self._locked():
            members = self._members()
            missing = [name for name in engines if not _runs(name, members)]
            nodes = {name: self._nodes(name) for name in missing}
            stale = [member for member in members if member.engine in missing]
            for member in stale:
                stop(member.running)
            kept = [member for member in members if member not in stale]
            self._write([*kept, *self._start(nodes, kept)])
            return missing

    def down(self, engines: Iterable[str] = tuple(ENGINES)) -> None:
        """Stop these engines. Their data stays."""
        with self._locked():
            engines = set(engines)
            ending = [member for member in self._members() if member.engine in engines]
            for member in ending:
                self._say(f"stopping {member.name}")
                stop(member.running)
            self._write([member for member in self._members() if member.engine not in engines])

    def addresses(self, engine: str) -> list[str]:
        """Return `host:port` of every node of a running engine; empty if it does not run."""
        members = self._members()
        return [member.address for member in members if member.engine == engine] if _runs(engine, members) else []

    def pids(self, engine: str) -> list[int]:
        """Return the processes of a running engine; empty if it does not run."""
        members = self._members()
        return [member.running.pid for member in members if member.engine == engine] if _runs(engine, members) else []

    def _nodes(self, engine: str) -> list[Node]:
        return ENGINES[engine](self._settings)

    def _start(self, engines: Mapping[str, Sequence[Node]], kept: Sequence[Member]) -> list[Member]:
        started: list[Member] = []
        ready: set[str] = set()
        try:
            for engine, node in ((engine, node) for engine, nodes in engines.items() for node in nodes):
                if node.after is not None and node.after not in ready:
                    ready |= self._await({first.name: first for first in engines[engine]}[node.after], started)
                self._say(f"starting {node.name} at {node.address}")
                started.append(Member(engine, node.name, node.address, str(node.log), start(node)))
                # Saved at once, so that `down` can stop the node even if this process is killed.
                self._write([*kept, *started])
            for node in (node for nodes in engines.values() for node in nodes if node.name not in ready):
                ready |= self._await(node, started)
        except BaseException:
            for member in started:
                stop(member.running)
            self._write(kept)
            raise
        return started

    def _await(self, node: Node, started: Sequence[Member]) -> set[str]:
        began = time.monotonic()
        running = next(member.running for member in started if member.name == node.name)
        wait_until_ready(node, running, seconds=READY_SECONDS)
        self._say(f"ready    {node.name} at {node.address} (+{time.monotonic() - began:.1f} s)")
        return {node.name}

    def _members(self) -> list[Member]:
        if not self._state.exists():
            return []
        items = json.loads(self._state.read_text())["nodes"]
        return [
            Member(item["engine"], item["name"], item["address"], item["log"], Running(item["pid"], item["started"]))
            for item in items
        ]

    def _write(self, members: Sequence[Member]) -> None:
        nodes = [
            {
                "engine": member.engine,
                "name": member.name,
                "address": member.address,
                "pid": member.running.pid,
                "started": member.running.started,
                "log": member.log,
            }
            for member in members
        ]
        fresh = self._state.with_suffix(".new")
        fresh.write_text(json.dumps({"nodes": nodes}, indent=2) + "\n")
        fresh.replace(self._state)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._state.parent.mkdir(parents=True, exist_ok=True)
        with self._state.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _runs(engine: str, members: Sequence[Member]) -> bool:
    mine = [member for member in members if member.engine == engine]
    return bool(mine) and all(member.running.alive() for member in mine)


__all__ = ["ENGINES", "EngineError", "Fleet", "Member"]

"""Batches of commands for the servers of a cluster."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, cast

from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import AskError, RedisClusterException, TryAgainError

from kernel.cancellation import reraise_cancellation
from kernel.redis.connection import PipelineConnection
from kernel.redis.protocol import Command, RedisConnection

_SCRIPTS = frozenset(("EVAL", "EVALSHA"))
_WITHOUT_KEY = frozenset(("INFO", "PING"))


class ClusterPipeline:
    """Sends a batch to a cluster, one batch at a time. Each server gets the commands for its slots, on one connection.

    redis-py finds the servers, and repeats the commands that a server did not execute because their slot moves.
    """

    def __init__(
        self, *, cluster: RedisCluster, connect: Callable[[ClusterNode], Awaitable[RedisConnection]], timeout: float
    ) -> None:
        """`timeout`: see PipelineConnection."""
        self._cluster = cluster
        self._connect = connect
        self._timeout = timeout
        self._servers: dict[str, PipelineConnection] = {}

    async def __call__(self, commands: Sequence[Command]) -> list[Any]:
        """Send the commands and return the responses, ResponseErrors included.

        If this method raises, some of the commands may have been executed.
        """
        try:
            if self._cluster.get_default_node() is None:
                await discover(self._cluster)
            responses = await self._ask(commands)
        except BaseException:
            # The server may have been replaced by another.
            self.close()
            raise
        moved = [index for index, each in enumerate(responses) if isinstance(each, (AskError, TryAgainError))]
        if moved:
            repeated = await _repeat(self._cluster, [commands[index] for index in moved])
            for index, response in zip(moved, repeated, strict=True):
                responses[index] = response
        return responses

    def close(self) -> None:
        """Close all connections. The next batch opens new ones."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    async def _ask(self, commands: Sequence[Command]) -> list[Any]:
        shares: defaultdict[ClusterNode, list[int]] = defaultdict(list)
        for index, command in enumerate(commands):
            shares[self._node(command)].append(index)
        asked = (self._server(node)([commands[index] for index in share]) for node, share in shares.items())
        answers = await asyncio.gather(*asked, return_exceptions=True)
        responses: list[Any] = [None] * len(commands)
        for share, answer in zip(shares.values(), answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            for index, response in zip(share, answer, strict=True):
                responses[index] = response
        return responses

    def _node(self, command: Command) -> ClusterNode:
        key = _key(command)
        node = self._cluster.get_default_node() if key is None else self._cluster.get_node_from_key(key)
        if node is None:
            raise RedisClusterException("no server is known")
        return node

    def _server(self, node: ClusterNode) -> PipelineConnection:
        if node.name not in self._servers:
            self._servers[node.name] = PipelineConnection(connect=partial(self._connect, node), timeout=self._timeout)
        return self._servers[node.name]


async def discover(cluster: RedisCluster) -> None:
    """Reload the nodes of the cluster: another node may have replaced a failed one."""
    with reraise_cancellation():
        await cluster.initialize()
        await cluster.nodes_manager.initialize()


async def ping_cluster(cluster: RedisCluster) -> None:
    """Return once all primaries answer, because all of them share the pipeline."""
    await discover(cluster)
    with reraise_cancellation():
        await cluster.ping(target_nodes=RedisCluster.PRIMARIES)


async def _repeat(cluster: RedisCluster, commands: Sequence[Command]) -> list[Any]:
    pipeline = cluster.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    with reraise_cancellation():
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
    return answers


def _key(command: Command) -> str | None:
    """Return the first key of a command. All keys of a command have the same slot."""
    if command[0] in _WITHOUT_KEY or (command[0] in _SCRIPTS and not command[2]):
        return None
    return cast("str", command[3 if command[0] in _SCRIPTS else 1])

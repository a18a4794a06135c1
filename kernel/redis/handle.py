"""The handle of a process to Redis, single or cluster: a shared pipeline, and connections for subscriptions.

All keys of one command must have the same slot, so that a cluster can execute it.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import AbstractConnection, Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import NoScriptError, RedisClusterException
from redis.exceptions import TimeoutError as RedisTimeoutError

from kernel.cancellation import reraise_cancellation
from kernel.errors import ChatlyError
from kernel.redis.cluster import ClusterPipeline, discover, ping_cluster
from kernel.redis.connection import PipelineConnection
from kernel.redis.pipeline import SharedPipeline, no_hint
from kernel.redis.protocol import Command, Part, RedisConnection, connect
from kernel.redis.settings import RedisSettings
from kernel.runner import background
from kernel.tls import plaintext_hint

_CLUSTER = "+cluster"
_TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script, and its SHA-1, which identifies the script to the server."""

    text: str
    sha: str

    @classmethod
    def of(cls, text: str) -> "Script":
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a script."""

    keys: Sequence[str]
    arguments: Sequence[Part] = ()

    def parts(self) -> tuple[Part, ...]:
        return (len(self.keys), *self.keys, *self.arguments)


class RedisHandle:
    """Redis, shared by the whole process. Failed commands raise ChatlyError `STORE_UNAVAILABLE` within a short time.

    During a failover, a cluster counts as unreachable until all its slots are served again.
    """

    def __init__(self, *, client: Redis | RedisCluster, pipeline: SharedPipeline, prefix: str, shards: int) -> None:
        self._client = client
        self._pipeline = pipeline
        self._prefix = prefix
        self.shards = shards

    def key(self, name: str) -> str:
        """Return the name of a key or channel with the prefix of this installation."""
        return self._prefix + name

    def slot(self, key: str) -> int:
        """Return the slot of a key. All keys of one command must have the same slot. A single Redis has one slot."""
        return key_slot(key.encode()) if isinstance(self._client, RedisCluster) else 0

    def submit(self, *command: Part) -> asyncio.Future[Any]:
        """Send a command and return the future response. Never waits and never raises. Texts in responses are bytes.

        Commands are executed in the order of the calls. In a cluster, this holds for each of its servers.
        """
        return self._pipeline.submit(command)

    @property
    def crowded(self) -> bool:
        """Whether so many commands wait that callers should slow down."""
        return self._pipeline.crowded

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """Send all commands together and return the responses."""
        return await asyncio.gather(*(self._pipeline.submit(command) for command in commands))

    async def run(self, script: Script, keys: Sequence[str], *arguments: Part) -> Any:  # noqa: ANN401
        """Run a script and return its result."""
        (answer,) = await self.run_all(script, [Call(keys, arguments)])
        return answer

    async def run_all(self, script: Script, calls: Sequence[Call]) -> list[Any]:
        """Run a script for all calls together and return the results."""
        first = [self.submit("EVALSHA", script.sha, *call.parts()) for call in calls]
        answers = await asyncio.gather(*first, return_exceptions=True)
        # These calls did nothing, because the server did not know the script. EVAL also loads the script into the
        # server.
        unknown = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        again = await self.ask([("EVAL", script.text, *calls[index].parts()) for index in unknown])
        for index, answer in zip(unknown, again, strict=True):
            answers[index] = answer
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return answers

    async def connection(self, key: str) -> RedisConnection:
        """Open a separate connection to the server that holds a key. Raises the errors of redis-py."""
        if isinstance(self._client, Redis):
            return await _connection(self._client)
        # The caller has lost its connection, or has none yet, so the cluster may have changed.
        await discover(self._client)
        node = self._client.get_node_from_key(key)
        if node is None:
            raise RedisClusterException("no node has the key's slot")
        return await _connection_to(node)


@asynccontextmanager
async def open_redis(settings: RedisSettings) -> AsyncIterator[RedisHandle]:
    """Open a handle, even while Redis is unreachable. At the end, send the waiting commands and close."""
    client = _client(settings)
    async with _pipeline(client, settings) as pipeline:
        yield RedisHandle(client=client, pipeline=pipeline, prefix=settings.prefix, shards=settings.shards)
        with suppress(ChatlyError):
            # The response to this command comes after the responses to all earlier commands.
            await pipeline.submit(("EXISTS", settings.prefix))


@asynccontextmanager
async def _pipeline(client: Redis | RedisCluster, settings: RedisSettings) -> AsyncIterator[SharedPipeline]:
    async with AsyncExitStack() as stack:
        stack.push_async_callback(client.aclose)
        shared = partial(SharedPipeline, server=_server(settings.url), hint=_hint(settings.url))
        if isinstance(client, RedisCluster):
            servers = ClusterPipeline(cluster=client, connect=_connection_to, timeout=_TIMEOUT_SECONDS)
            stack.callback(servers.close)
            pipeline = shared(send=servers, probe=partial(ping_cluster, client))
        else:
            server = PipelineConnection(connect=partial(_connection, client), timeout=_TIMEOUT_SECONDS)
            stack.callback(server.close)
            pipeline = shared(send=server, probe=partial(_ping, client))
        await stack.enter_async_context(background({"redis pipeline": pipeline.run}))
        yield pipeline


def _client(settings: RedisSettings) -> Redis | RedisCluster:
    options: dict[str, Any] = {
        "socket_timeout": _TIMEOUT_SECONDS,
        "socket_connect_timeout": _TIMEOUT_SECONDS,
        "protocol": 2,
        # Only the caller knows whether a retry is safe.
        "retry": Retry(NoBackoff(), 0),
    }
    if settings.password:
        options["password"] = settings.password
    if _is_secure(settings.url):
        options["ssl_check_hostname"] = settings.check_name
        if settings.ca_file:
            options["ssl_ca_certs"] = settings.ca_file
    client: Redis | RedisCluster
    if _CLUSTER in urlsplit(settings.url).scheme:
        client = RedisCluster.from_url(settings.url.replace(_CLUSTER, "", 1), **options)
    else:
        client = Redis.from_url(settings.url, **options)
    # Responses are returned as the server sends them. The cluster client needs its own callbacks for its own commands.
    for command in [name for name in client.response_callbacks if not str(name).startswith(("CLUSTER", "COMMAND"))]:
        del client.response_callbacks[command]
    return client


async def _connection(client: Redis) -> RedisConnection:
    pool = client.connection_pool
    return await _open(pool.connection_class, pool.connection_kwargs)


async def _connection_to(node: ClusterNode) -> RedisConnection:
    return await _open(node.connection_class, node.connection_kwargs)


async def _open(kind: type[AbstractConnection], options: Mapping[str, Any]) -> RedisConnection:
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return await connect(cast("Connection", kind(**options)))
    except TimeoutError:
        raise RedisTimeoutError(f"no connection within {_TIMEOUT_SECONDS:g} s") from None


async def _ping(client: Redis) -> None:
    with reraise_cancellation():
        await client.ping()


def _is_secure(url: str) -> bool:
    return urlsplit(url).scheme.startswith("rediss")


def _hint(url: str) -> Callable[[str], str]:
    return no_hint if _is_secure(url) else partial(plaintext_hint, setting="CHATLY_REDIS_URL")


def _server(url: str) -> str:
    """Return the address of the server, without user and password."""
    parts = urlsplit(url)
    return f"redis at {parts.hostname or 'localhost'}:{parts.port or 6379}"

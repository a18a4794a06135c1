"""Redis, alone or as a cluster, as one process uses it: a shared pipeline, and connections to listen on. Knows no key.

All keys that a command touches must have the same slot, so that a cluster can carry it out.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import NoScriptError, RedisClusterException

from kernel.cancellation import reraise_cancellation
from kernel.errors import ChatlyError
from kernel.redis.connection import PipelineConnection, answered_within, hang_up
from kernel.redis.pipeline import Command, Part, SharedPipeline, nothing_to_add
from kernel.redis.settings import RedisSettings
from kernel.runner import background
from kernel.tls import plaintext_hint

_CLUSTER = "+cluster"
_TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script with its name on the server."""

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
    """Redis, shared by everything in the process. What fails, fails with ChatlyError `STORE_UNAVAILABLE`, and soon.

    A cluster counts as away until each of its slots is served again, which is as long as a failover takes.
    """

    def __init__(self, *, client: Redis | RedisCluster, pipeline: SharedPipeline, prefix: str, shards: int) -> None:
        self._client = client
        self._pipeline = pipeline
        self._prefix = prefix
        self.shards = shards

    def key(self, name: str) -> str:
        """The name of a key or channel of this installation."""
        return self._prefix + name

    def slot(self, key: str) -> int:
        """Keys of the same slot may be touched by one command. One Redis alone has one slot."""
        return key_slot(key.encode()) if isinstance(self._client, RedisCluster) else 0

    def submit(self, *command: Part) -> asyncio.Future[Any]:
        """Ask now, hear later. Commands are carried out in the order of these calls; keys of one cluster node, that is.

        Never waits and never raises. Texts in answers are bytes.
        """
        return self._pipeline.submit(command)

    @property
    def crowded(self) -> bool:
        """Whether whoever can wait should."""
        return self._pipeline.crowded

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """The answers, all asked for as one burst."""
        return await asyncio.gather(*(self._pipeline.submit(command) for command in commands))

    async def run(self, script: Script, keys: Sequence[str], *arguments: Part) -> Any:  # noqa: ANN401
        """What a script returns."""
        (answer,) = await self.run_all(script, [Call(keys, arguments)])
        return answer

    async def run_all(self, script: Script, calls: Sequence[Call]) -> list[Any]:
        """What a script returns for each call, all sent as one burst."""
        asked = [self.submit("EVALSHA", script.sha, *call.parts()) for call in calls]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        # Those did nothing. This way the server gets to know the script.
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        again = await self.ask([("EVAL", script.text, *calls[place].parts()) for place in unknown])
        for place, answer in zip(unknown, again, strict=True):
            answers[place] = answer
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return answers

    async def connection(self, key: str) -> AbstractConnection:
        """A connection of one's own to the node that has a key, open. Raises what redis raises."""
        if isinstance(self._client, Redis):
            return await _connection(self._client)
        # Whoever asks has lost a connection, or has none yet.
        await _discover(self._client)
        node = self._client.get_node_from_key(key)
        if node is None:
            raise RedisClusterException("no node has the key's slot")
        return await _open(node.connection_class, node.connection_kwargs)


@asynccontextmanager
async def open_redis(settings: RedisSettings) -> AsyncIterator[RedisHandle]:
    """Begin to use Redis, also while it is away; send what waits, and close, at the end."""
    client = _client(settings)
    async with _pipeline(client, settings) as pipeline:
        yield RedisHandle(client=client, pipeline=pipeline, prefix=settings.prefix, shards=settings.shards)
        with suppress(ChatlyError):
            # Carried out after everything that was asked for before.
            await pipeline.submit(("EXISTS", settings.prefix))


@asynccontextmanager
async def _pipeline(client: Redis | RedisCluster, settings: RedisSettings) -> AsyncIterator[SharedPipeline]:
    async with AsyncExitStack() as stack:
        stack.push_async_callback(client.aclose)
        shared = partial(SharedPipeline, place=_place(settings.url), hint=_hint(settings.url))
        if isinstance(client, RedisCluster):
            pipeline = shared(send=partial(_send, client), probe=partial(_whole, client))
        else:
            exchange = PipelineConnection(connect=partial(_connection, client), patience=_TIMEOUT_SECONDS)
            stack.push_async_callback(exchange.close)
            pipeline = shared(send=exchange, probe=partial(_ping, client))
        await stack.enter_async_context(background({"redis pipeline": pipeline.run}))
        yield pipeline


def _client(settings: RedisSettings) -> Redis | RedisCluster:
    options: dict[str, Any] = {
        "socket_timeout": _TIMEOUT_SECONDS,
        "socket_connect_timeout": _TIMEOUT_SECONDS,
        "protocol": 2,
        # Whoever asks knows whether asking again is harmless.
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
    # Answers come as the server gives them; what the cluster's client asks for itself it reads as it is used to.
    for command in [name for name in client.response_callbacks if not str(name).startswith(("CLUSTER", "COMMAND"))]:
        del client.response_callbacks[command]
    return client


async def _connection(client: Redis) -> AbstractConnection:
    pool = client.connection_pool
    return await _open(pool.connection_class, pool.connection_kwargs)


async def _open(kind: type[AbstractConnection], options: Mapping[str, Any]) -> AbstractConnection:
    """A connection whose owner says how long to wait for an answer, and which never keeps a cancellation to itself."""
    connection = kind(**{**options, "socket_timeout": None})
    try:
        async with answered_within(_TIMEOUT_SECONDS):
            await connection.connect()  # type: ignore[no-untyped-call]
    except BaseException:
        await hang_up(connection)
        raise
    return connection


async def _send(cluster: RedisCluster, commands: Sequence[Command]) -> list[Any]:
    pipeline = cluster.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    with reraise_cancellation():
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
    return answers


async def _ping(client: Redis) -> None:
    with reraise_cancellation():
        await client.ping()


async def _discover(cluster: RedisCluster) -> None:
    """Learn which nodes there are now: another one may have taken the place of one that died."""
    with reraise_cancellation():
        await cluster.initialize()
        await cluster.nodes_manager.initialize()


async def _whole(cluster: RedisCluster) -> None:
    """Return if every node that takes writes is there: commands for all of them share a pipeline."""
    await _discover(cluster)
    with reraise_cancellation():
        await cluster.ping(target_nodes=RedisCluster.PRIMARIES)


def _is_secure(url: str) -> bool:
    return urlsplit(url).scheme.startswith("rediss")


def _hint(url: str) -> Callable[[str], str]:
    return nothing_to_add if _is_secure(url) else partial(plaintext_hint, setting="CHATLY_REDIS_URL")


def _place(url: str) -> str:
    """The address, without user and password."""
    parts = urlsplit(url)
    return f"redis at {parts.hostname or 'localhost'}:{parts.port or 6379}"

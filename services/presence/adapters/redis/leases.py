"""Leases in Redis, shared by all nodes. `lease_scripts` contains the atomic steps."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from kernel.ids import UserId
from kernel.redis.handle import Call, RedisHandle, Script
from kernel.redis.pipeline import Part
from kernel.time import Clock
from services.presence.adapters.redis import lease_scripts as scripts
from services.presence.model import Connection, OnlineState

_BUCKETS = 16
_SWEEP_LIMIT = 500
_VERSION_MS = 60 * 60 * 1_000
# If no node has swept for this long, no node needs the keys.
_EXTRA_MS = 10 * 60 * 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RedisLeases:
    """Leases and OnlineStates in Redis.

    Keys: `online_users:{user}` and `online_state:{user}`, and the index in `online_due:{0}` … `online_due:{15}`.
    Versions are times of the server. A node that dies between two steps leaves at most a needless index entry.
    """

    def __init__(self, *, redis: RedisHandle, clock: Clock | None = None) -> None:
        """`clock`: the time source. None: the Redis server, so that the nodes' clocks need not agree."""
        self._redis = redis
        self._clock = clock

    async def hold(self, connections: Iterable[Connection], *, ttl: float) -> Sequence[UserId]:
        by_user: defaultdict[UserId, list[str]] = defaultdict(list)
        for connection in connections:
            by_user[connection.user_id].append(str(connection.connection_id))
        life = _microseconds(ttl)
        # Indexed before the lease exists, so that every lease is swept.
        await self._indexed(scripts.EXPECT, {user_id: (user_id,) for user_id in by_user}, life)
        kept_ms = life // 1_000 + _EXTRA_MS
        came = await self._each(scripts.HOLD, {user_id: [life, kept_ms, *ids] for user_id, ids in by_user.items()})
        return [user_id for user_id, first in came.items() if first]

    async def release(self, connection: Connection, *, grace: float) -> None:
        user_id = connection.user_id
        arguments = (_microseconds(grace), str(connection.connection_id))
        expiry = (await self._each(scripts.RELEASE, {user_id: arguments}))[user_id]
        if expiry is not None:
            await self._redis.ask([("ZADD", self._index(_bucket(user_id)), expiry, user_id)])

    async def remove_expired(self) -> Mapping[UserId, datetime]:
        calls = [Call([self._index(bucket)], (self._now(), _SWEEP_LIMIT)) for bucket in range(_BUCKETS)]
        due = [UserId(name.decode()) for names in await self._redis.run_all(scripts.DUE, calls) for name in names]
        swept = await self._each(scripts.SWEEP, dict.fromkeys(due, (_VERSION_MS,)))
        await self._indexed(scripts.DONE, {user_id: (user_id, expiry or "") for user_id, (expiry, _) in swept.items()})
        return {user_id: _EPOCH + int(seen) * _MICROSECOND for user_id, (_, seen) in swept.items() if seen is not None}

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, OnlineState]:
        found = await self._each(scripts.READ, dict.fromkeys(user_ids, ()))
        return {user_id: OnlineState(bool(online), version) for user_id, (online, version) in found.items()}

    async def increment_versions(self, user_ids: Iterable[UserId]) -> None:
        await self._each(scripts.BUMP, dict.fromkeys(user_ids, (_VERSION_MS,)))

    async def _each(self, script: Script, arguments: Mapping[UserId, Sequence[Part]]) -> Mapping[UserId, Any]:
        """Return the script's result per user."""
        now = self._now()
        calls = [Call(self._keys(user_id), (now, *rest)) for user_id, rest in arguments.items()]
        return dict(zip(arguments, await self._redis.run_all(script, calls), strict=True))

    async def _indexed(self, script: Script, arguments: Mapping[UserId, Sequence[Part]], *first: Part) -> None:
        """Run the script once per index bucket, with the arguments of its users."""
        by_bucket: defaultdict[int, list[Part]] = defaultdict(list)
        for user_id, rest in arguments.items():
            by_bucket[_bucket(user_id)] += rest
        now = self._now()
        calls = [Call([self._index(bucket)], (now, *first, *rest)) for bucket, rest in by_bucket.items()]
        await self._redis.run_all(script, calls)

    def _now(self) -> Part:
        return "" if self._clock is None else (self._clock.now() - _EPOCH) // _MICROSECOND

    def _keys(self, user_id: UserId) -> Sequence[str]:
        return [self._redis.key(f"online_users:{{{user_id}}}"), self._redis.key(f"online_state:{{{user_id}}}")]

    def _index(self, bucket: int) -> str:
        return self._redis.key(f"online_due:{{{bucket}}}")


def _bucket(user_id: UserId) -> int:
    return crc32(user_id.encode()) % _BUCKETS


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)

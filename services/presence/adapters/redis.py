"""Leases in Redis, shared by all nodes. Each atomic step is a Lua script. All times are microseconds since 1970.

Each user has two keys with the same hash tag. KEYS[1] is a sorted set of connections by the expiry of their lease.
KEYS[2] is a hash with `version` and `seen`, the time of the last change of a lease. A user with leases stays online,
even if all leases have expired, until SWEEP removes them. The index is a sorted set of users by the expiry of their
last lease.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from kernel.ids import UserId
from kernel.redis.handle import Call, RedisHandle, Script
from kernel.redis.protocol import Part
from kernel.time import Clock
from services.presence.model import Connection, OnlineState

_BUCKETS = 16
_SWEEP_LIMIT = 500
_VERSION_MS = 60 * 60 * 1_000
# The keys of a user expire this long after the user's leases, in case no node sweeps.
_EXTRA_MS = 10 * 60 * 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# ARGV[1]: the time now, or empty for the time of the server, which all nodes share.
_NOW = """
local function now()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local at = now()
"""
_GROW = """
local function grow()
  local version = tonumber(redis.call('HGET', KEYS[2], 'version') or -1)
  redis.call('HSET', KEYS[2], 'version', math.max(at, version + 1))
end
"""

_HOLD = Script.of(f"""{_NOW}{_GROW}
-- ARGV: now, lifetime of a lease, expiry of the keys in milliseconds, connections. Returns 1: came online.
local came = redis.call('EXISTS', KEYS[1]) == 0
for i = 4, #ARGV do redis.call('ZADD', KEYS[1], at + tonumber(ARGV[2]), ARGV[i]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at)
redis.call('HSET', KEYS[2], 'seen', at)
if came then grow() end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return came and 1 or 0
""")

_RELEASE = Script.of(f"""{_NOW}
-- ARGV: now, remaining lifetime, connection. Returns the expiry of the last lease; false: the lease was not held.
local expiry = redis.call('ZSCORE', KEYS[1], ARGV[3])
if not expiry or tonumber(expiry) <= at then return false end
redis.call('ZADD', KEYS[1], at + tonumber(ARGV[2]), ARGV[3])
redis.call('HSET', KEYS[2], 'seen', at)
return redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
""")

_SWEEP = Script.of(f"""{_NOW}{_GROW}
-- ARGV: now, milliseconds to keep the version. Returns the expiry of the last lease, if one is left, and the time
-- the user was last seen, if they went offline now.
if redis.call('EXISTS', KEYS[1]) == 0 then return {{false, false}} end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at)
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if last then return {{last, false}} end
grow()
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {{false, redis.call('HGET', KEYS[2], 'seen')}}
""")

_READ = Script.of(f"""{_NOW}
-- ARGV: now. Returns whether the user is online (1 or 0), and the version. Without stored data the version is
-- `now - 1`: newer than every published version, also after Redis lost its data, and older than the next change.
local version = redis.call('HGET', KEYS[2], 'version')
return {{redis.call('EXISTS', KEYS[1]), version and tonumber(version) or at - 1}}
""")

_BUMP = Script.of(f"""{_NOW}{_GROW}
-- ARGV: now, milliseconds to keep the version of an offline user.
grow()
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
""")

_ADD_TO_INDEX = Script.of(f"""{_NOW}
-- KEYS[1]: the index. ARGV: now, lifetime of a lease, users: sweep them after that; an entry never moves earlier.
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], 'GT', at + tonumber(ARGV[2]), ARGV[i]) end
""")

_DUE = Script.of(f"""{_NOW}
-- KEYS[1]: the index. ARGV: now, limit. Returns the users to sweep.
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', at, 'LIMIT', 0, ARGV[2])
""")

_UPDATE_INDEX = Script.of(f"""{_NOW}
-- KEYS[1]: the index. ARGV: now, pairs of a user and the time of the next sweep (empty: remove the entry). Users who
-- have taken a new lease since are skipped.
for i = 2, #ARGV, 2 do
  local due = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if due and tonumber(due) <= at then
    if ARGV[i + 1] == '' then redis.call('ZREM', KEYS[1], ARGV[i])
    else redis.call('ZADD', KEYS[1], ARGV[i + 1], ARGV[i]) end
  end
end
""")


class RedisLeases:
    """Leases and OnlineStates in Redis.

    The keys are `online_users:{user}`, `online_state:{user}`, and `online_due:{0}` … `online_due:{15}` for the index.
    Versions follow the server's time. A node that dies between two steps leaves at most a needless index entry.
    """

    def __init__(self, *, redis: RedisHandle, clock: Clock | None = None) -> None:
        """`clock`: the source of time. With None it is the Redis server, so the nodes' clocks need not agree."""
        self._redis = redis
        self._clock = clock

    async def hold(self, connections: Iterable[Connection], *, ttl: float) -> Sequence[UserId]:
        by_user: defaultdict[UserId, list[str]] = defaultdict(list)
        for connection in connections:
            by_user[connection.user_id].append(str(connection.connection_id))
        life = _microseconds(ttl)
        # Add the user to the index before the lease exists, so that every lease is swept.
        await self._indexed(_ADD_TO_INDEX, {user_id: (user_id,) for user_id in by_user}, life)
        kept_ms = life // 1_000 + _EXTRA_MS
        came = await self._each(_HOLD, {user_id: [life, kept_ms, *ids] for user_id, ids in by_user.items()})
        return [user_id for user_id, first in came.items() if first]

    async def release(self, connection: Connection, *, grace: float) -> None:
        user_id = connection.user_id
        arguments = (_microseconds(grace), str(connection.connection_id))
        expiry = (await self._each(_RELEASE, {user_id: arguments}))[user_id]
        if expiry is not None:
            await self._redis.ask([("ZADD", self._index(_bucket(user_id)), expiry, user_id)])

    async def remove_expired(self) -> Mapping[UserId, datetime]:
        calls = [Call([self._index(bucket)], (self._now(), _SWEEP_LIMIT)) for bucket in range(_BUCKETS)]
        due = [UserId(name.decode()) for names in await self._redis.run_all(_DUE, calls) for name in names]
        swept = await self._each(_SWEEP, dict.fromkeys(due, (_VERSION_MS,)))
        await self._indexed(_UPDATE_INDEX, {user_id: (user_id, expiry or "") for user_id, (expiry, _) in swept.items()})
        return {user_id: _EPOCH + int(seen) * _MICROSECOND for user_id, (_, seen) in swept.items() if seen is not None}

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, OnlineState]:
        found = await self._each(_READ, dict.fromkeys(user_ids, ()))
        return {user_id: OnlineState(bool(online), version) for user_id, (online, version) in found.items()}

    async def increment_versions(self, user_ids: Iterable[UserId]) -> None:
        await self._each(_BUMP, dict.fromkeys(user_ids, (_VERSION_MS,)))

    async def _each(self, script: Script, arguments: Mapping[UserId, Sequence[Part]]) -> Mapping[UserId, Any]:
        """Run the script once for each user, and return the results by user."""
        now = self._now()
        calls = [Call(self._keys(user_id), (now, *rest)) for user_id, rest in arguments.items()]
        return dict(zip(arguments, await self._redis.run_all(script, calls), strict=True))

    async def _indexed(self, script: Script, arguments: Mapping[UserId, Sequence[Part]], *first: Part) -> None:
        """Run the script once per index bucket, with the arguments of the users in that bucket."""
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

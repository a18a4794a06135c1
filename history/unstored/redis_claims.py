"""Send claims in Redis, and the proof that Redis has kept them.

A period is a time in which one Redis server has kept all claims. A key holds the period's token and start. The script
of the claims has the token in its text, so each period has another script. Redis keeps scripts in the memory of its
process only: a restarted server, and a replica that took over, may have the key, but not the script. A server that was
emptied has the script, but not the key. So a claim that was made by a period's script and found the period's key was
made by the server that has kept all claims since the start.

A node begins a new period if the script or the key is missing, if it could not reach Redis (it may have sent messages
without a claim), and after it has seen that Redis may evict keys.
"""

import math
import secrets
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from redis.exceptions import NoScriptError

from history.ports import Claim
from history.unstored.claims import claim_seconds, must_be_first
from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.redis.handle import RedisHandle, Script
from kernel.redis.protocol import Part
from kernel.retry import suppress_unavailable
from kernel.time import Clock

_CHECK_SECONDS = 1.0
_CLAIM = """
-- period %s
if ARGV[3] then redis.call('SET', KEYS[2], ARGV[3]) end
local earlier = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'GET', 'EX', ARGV[2])
return {earlier, redis.call('GET', KEYS[2])}
"""


@dataclass(frozen=True, slots=True)
class _Period:
    value: bytes
    """Value of the period's key: token and start."""
    start: float
    """In seconds since 1970."""
    script: Script

    @classmethod
    def new(cls, now: float) -> Self:
        return cls._of(secrets.token_hex(8), now)

    @classmethod
    def read(cls, value: bytes) -> Self | None:
        """Return the period of a key's value, or None if the value is not readable."""
        try:
            token, start = value.decode("ascii").split(" ")
            return cls._of(token, float(start))
        except ValueError:
            return None

    @classmethod
    def _of(cls, token: str, start: float) -> Self:
        return cls(f"{token} {start!r}".encode(), start, Script.of(_CLAIM % token))


class RedisSendClaims:
    """SendClaims over Redis. Each send has a key `claim:{sender_id}:{client_message_id}`.

    In a cluster no claim proves that it is the first, because the claims are on many servers.
    """

    def __init__(self, *, redis: RedisHandle, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._period_key = redis.key("claims")
        self._period: _Period | None = None
        self._not_before = -math.inf
        """Earlier periods are not used. In seconds since 1970."""
        self._may_evict = True
        self._check_at = clock.monotonic()

    async def claim(self, sender_id: UserId, client_message_id: UUID, message_id: UUID) -> Claim:
        key = self._redis.key(f"claim:{sender_id}:{client_message_id}")
        now = self._clock.now().timestamp()
        value: tuple[Part, int] = message_id.bytes, claim_seconds(client_message_id, now=now)
        try:
            if await self._keeps_all(key):
                earlier, start = await self._claim_in_period(key, *value, now=now)
            else:
                earlier, start = await self._redis.submit("SET", key, value[0], "NX", "GET", "EX", value[1]), now
        except ChatlyError:
            self._use_only_since(self._clock.now().timestamp())
            raise
        if earlier is not None:
            return Claim(UUID(bytes=earlier), is_first=False)
        return Claim(message_id, is_first=must_be_first(client_message_id, now=now, kept_seconds=now - start))

    async def _claim_in_period(self, key: str, value: Part, seconds: int, *, now: float) -> tuple[bytes | None, float]:
        """Return the earlier claim, or None, and the time since which all claims are kept."""
        period = self._usable(self._period) or self._usable(await self._current())
        if period is None:
            return await self._begin(key, value, seconds), now
        try:
            earlier, found = await self._redis.submit(
                "EVALSHA", period.script.sha, 2, key, self._period_key, value, seconds
            )
        except NoScriptError:
            # Another node may have begun a later period with this server.
            self._use_only_since(math.nextafter(period.start, math.inf))
            return await self._claim_in_period(key, value, seconds, now=now)
        if found != period.value:
            self._use_only_since(period.start)
            return earlier, now
        self._period = period
        return earlier, period.start

    async def _current(self) -> _Period | None:
        value = await self._redis.submit("GET", self._period_key)
        return _Period.read(value) if value is not None else None

    async def _begin(self, key: str, value: Part, seconds: int) -> bytes | None:
        """Begin a period with a claim, and return the earlier claim, or None."""
        period = _Period.new(max(self._clock.now().timestamp(), self._not_before))
        # One command sets the key and gives the script to the server, so that no other server can come between.
        earlier: bytes | None
        earlier, _ = await self._redis.submit(
            "EVAL", period.script.text, 2, key, self._period_key, value, seconds, period.value
        )
        self._period = period
        return earlier

    def _use_only_since(self, start: float) -> None:
        """Do not use periods that began earlier: they lack claims, or are those of a server that was in use before."""
        self._not_before = max(self._not_before, start)
        self._period = None

    def _usable(self, period: _Period | None) -> _Period | None:
        return period if period is not None and period.start >= self._not_before else None

    async def _keeps_all(self, key: str) -> bool:
        """Return whether claims can prove something: one server has all of them and does not evict keys."""
        now = self._clock.monotonic()
        if now >= self._check_at:
            self._check_at = now + _CHECK_SECONDS
            self._may_evict = await self._evicts()
            if self._may_evict:
                self._use_only_since(self._clock.now().timestamp())
        return not self._may_evict and self._redis.slot(key) == self._redis.slot(self._period_key)

    async def _evicts(self) -> bool:
        with suppress_unavailable():
            lines = (await self._redis.submit("INFO", "memory")).splitlines()
            return b"maxmemory:0" not in lines and b"maxmemory_policy:noeviction" not in lines
        self._check_at = -math.inf
        return True

"""Claims of sends that all nodes share."""

from uuid import UUID

from kernel.ids import UserId
from kernel.redis.handle import RedisHandle

_TTL_SECONDS = 24 * 60 * 60


class RedisSendClaims:
    """SendClaims over Redis: a key per send, kept for a day (key `claim:{sender_id}:{client_message_id}`)."""

    def __init__(self, *, redis: RedisHandle) -> None:
        self._redis = redis

    async def claim(self, sender_id: UserId, client_message_id: UUID, message_id: UUID) -> UUID:
        key = self._redis.key(f"claim:{sender_id}:{client_message_id}")
        earlier = await self._redis.submit("SET", key, message_id.bytes, "NX", "GET", "EX", _TTL_SECONDS)
        return message_id if earlier is None else UUID(bytes=earlier)

"""The people at the other end: whether they exist, and whether they and the caller may write to each other."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

from kernel.errors import ChatlyError, Code, KernelReason, denied, not_found, unauthenticated
from kernel.ids import UserId
from kernel.time import Clock
from services.messaging.errors import MessagingReason
from services.messaging.model import Blocks
from services.messaging.ports import UserDirectory

_TAKEN_ALONG = 200


async def require_peers(directory: UserDirectory, user_id: UserId, peers: Collection[UserId]) -> None:
    """Raise USER_NOT_FOUND unless all peers exist, BLOCKED if one of them blocks the user or is blocked by them."""
    blocks = await directory.blocks({user_id, *peers})
    if user_id not in blocks:
        raise unauthenticated(KernelReason.SESSION_ENDED, "this account was deleted")
    for peer in peers:
        if peer not in blocks:
            raise not_found(MessagingReason.USER_NOT_FOUND, f"there is no user {peer}")
        if peer in blocks[user_id] or user_id in blocks[peer]:
            raise denied(MessagingReason.BLOCKED, "one of the two has blocked the other", user_id=peer)


@dataclass(frozen=True, slots=True)
class _Known:
    blocked: frozenset[UserId]
    asked_at: float


class CachedUserDirectory:
    """UserDirectory that asks another one at most every `fresh` seconds for each user.

    Whoever has to be asked for takes along some others who are in use and will have to be soon: many busy users are
    asked for by one call now and then, not by one call for each of them.

    While that one is away, what it said in the last `stale` seconds goes on being true: people who know each other can
    write to each other without it. Users who do not exist are asked for each time.
    """

    def __init__(
        self,
        directory: UserDirectory,
        *,
        clock: Clock,
        fresh: float = 5.0,
        stale: float = 600.0,
        capacity: int = 50_000,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._fresh = fresh
        self._stale = stale
        self._capacity = capacity
        self._known: dict[UserId, _Known] = {}
        # Used since they were asked for; the first to be used come first.
        self._used: dict[UserId, None] = {}

    async def blocks(self, user_ids: Collection[UserId]) -> Blocks:
        fresh = self._remembered(user_ids, self._fresh)
        self._used.update(dict.fromkeys(fresh))
        missing = [user_id for user_id in user_ids if user_id not in fresh]
        if not missing:
            return fresh
        answer = await self._ask(missing)
        return {**fresh, **{user_id: answer[user_id] for user_id in missing if user_id in answer}}

    def _remembered(self, user_ids: Collection[UserId], max_age: float) -> Blocks:
        since = self._clock.monotonic() - max_age
        known = ((user_id, self._known.get(user_id)) for user_id in user_ids)
        return {user_id: word.blocked for user_id, word in known if word is not None and word.asked_at >= since}

    async def _ask(self, user_ids: Collection[UserId]) -> Blocks:
        asked = list(dict.fromkeys((*user_ids, *self._due_soon())))
        try:
            answer = await self._directory.blocks(asked)
        except ChatlyError as error:
            stale = self._remembered(user_ids, self._stale)
            if error.code is not Code.UNAVAILABLE or len(stale) < len(user_ids):
                raise
            return stale
        self._remember(asked, answer)
        return answer

    def _due_soon(self) -> Collection[UserId]:
        """Takes them off the list of those in use; the next use puts them there again."""
        before = self._clock.monotonic() - self._fresh / 2
        looked_at = list(islice(self._used, _TAKEN_ALONG))
        due = [
            user_id
            for user_id in looked_at
            if (known := self._known.get(user_id)) is not None and known.asked_at <= before
        ]
        for user_id in looked_at:
            del self._used[user_id]
        return due

    def _remember(self, user_ids: Collection[UserId], answer: Blocks) -> None:
        now = self._clock.monotonic()
        for user_id in user_ids:
            self._known.pop(user_id, None)
            if user_id in answer:
                self._known[user_id] = _Known(answer[user_id], now)
        # Oldest first: every answer moves its users to the end.
        for user_id in list(islice(self._known, max(0, len(self._known) - self._capacity))):
            del self._known[user_id]

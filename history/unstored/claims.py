"""Rules for send claims, and claims in the memory of this process."""

from collections import OrderedDict
from uuid import UUID

from history.ports import Claim, SendClaims
from kernel.ids import MAX_AHEAD, UserId, created_at
from kernel.retry import suppress_unavailable
from kernel.time import TOLERATED_OFFSET, Clock

CLAIM_SECONDS = 24 * 60 * 60
_LONGEST_SECONDS = 7 * 24 * 60 * 60
_MARGIN_SECONDS = (MAX_AHEAD + 2 * TOLERATED_OFFSET).total_seconds()
"""The most that the time in a client_message_id may be ahead: that of the client's clock, and of two nodes' clocks.

A time that is further ahead proves nothing, because the message may have been sent long before.
"""


def must_be_first(client_message_id: UUID, *, now: float, kept_seconds: float) -> bool:
    """Return whether a send without an earlier claim was certainly never sent before.

    That is so if its client_message_id was created while all claims were kept. Only version 7 UUIDs tell when they were
    created. `now`: seconds since 1970. `kept_seconds`: the time for which every send was claimed and no claim was lost.
    """
    created = created_at(client_message_id)
    if created is None:
        return False
    age = now - created
    return -_MARGIN_SECONDS < age < min(kept_seconds, CLAIM_SECONDS) - _MARGIN_SECONDS


def claim_seconds(client_message_id: UUID, *, now: float) -> int:
    """Return the time for which to keep a claim: a day, or until a day after the time in the UUID, at most a week.

    A send with a time in the future may be repeated at that time. Then the UUID looks new.
    """
    created = created_at(client_message_id) or now
    return min(CLAIM_SECONDS + max(0, int(created - now)), _LONGEST_SECONDS)


class MemorySendClaims:
    """SendClaims in the memory of this process: a bounded map of the newest claims."""

    def __init__(self, *, clock: Clock, capacity: int = 100_000) -> None:
        """`capacity` is the number of claims kept. The oldest claim is dropped first."""
        self._clock = clock
        self._capacity = capacity
        self._claims: OrderedDict[tuple[UserId, UUID], tuple[UUID, float]] = OrderedDict()
        self._complete_since = clock.monotonic()

    async def claim(self, sender_id: UserId, client_message_id: UUID, message_id: UUID) -> Claim:
        send, now = (sender_id, client_message_id), self._clock.monotonic()
        if earlier := self._claims.get(send):
            return Claim(earlier[0], is_first=False)
        self._claims[send] = message_id, now
        if len(self._claims) > self._capacity:
            _, (_, self._complete_since) = self._claims.popitem(last=False)
        kept, wall = now - self._complete_since, self._clock.now().timestamp()
        return Claim(message_id, is_first=must_be_first(client_message_id, now=wall, kept_seconds=kept))


class FallbackSendClaims:
    """SendClaims over the shared claims, with claims of this process as fallback.

    During an outage two nodes may make copies of one send. The persister withdraws the second copy.
    """

    def __init__(self, *, shared: SendClaims, own: SendClaims) -> None:
        self._shared = shared
        self._own = own

    async def claim(self, sender_id: UserId, client_message_id: UUID, message_id: UUID) -> Claim:
        # Claim in this process first: a send that was claimed here during an outage may still be in flight.
        known = (await self._own.claim(sender_id, client_message_id, message_id)).message_id
        with suppress_unavailable():
            claim = await self._shared.claim(sender_id, client_message_id, known)
            return Claim(claim.message_id, is_first=claim.is_first and known == message_id)
        return Claim(known, is_first=False)

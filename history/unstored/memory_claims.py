"""Claims of sends within one process."""

from collections import OrderedDict
from uuid import UUID

from kernel.ids import UserId


class MemorySendClaims:
    """SendClaims for the embedded default: the newest claims, in a bounded dictionary."""

    def __init__(self, *, capacity: int = 100_000) -> None:
        """`capacity`: claims that are remembered; the oldest are forgotten first."""
        self._capacity = capacity
        self._claims: OrderedDict[tuple[UserId, UUID], UUID] = OrderedDict()

    async def claim(self, sender_id: UserId, client_message_id: UUID, message_id: UUID) -> UUID:
        winner = self._claims.setdefault((sender_id, client_message_id), message_id)
        if len(self._claims) > self._capacity:
            self._claims.popitem(last=False)
        return winner

"""Claims of sends also while what all nodes share is away."""

from uuid import UUID

from history.ports import SendClaims
from kernel.ids import UserId
from kernel.retry import suppress_unavailable


class SpareSendClaims:
    """SendClaims that falls back on this process's own. Copies made on two nodes meanwhile the persister takes back."""

    def __init__(self, *, shared: SendClaims, spare: SendClaims) -> None:
        self._shared = shared
        self._spare = spare

    async def claim(self, sender_id: UserId, client_message_id: UUID, message_id: UUID) -> UUID:
        # What was claimed here while the others were away is still on its way.
        known = await self._spare.claim(sender_id, client_message_id, message_id)
        with suppress_unavailable():
            return await self._shared.claim(sender_id, client_message_id, known)
        return known

"""Taking a block back."""

from kernel.ids import UserId
from services.auth.ports import BlockStore


class UnblockUser:
    """Removes a block; not an error if there is none."""

    def __init__(self, *, blocks: BlockStore) -> None:
        self._blocks = blocks

    async def __call__(self, blocker: UserId, blocked: UserId) -> None:
        await self._blocks.remove(blocker, blocked)

"""Check whether every send of a file up to an earlier moment is known, whatever the log has lost."""

from collections.abc import Mapping

from kernel.log.epochs import covers, offsets_of
from services.media.compare_with_store import CompareWithStore
from services.media.ports import FollowedEpochs, StoredMessages


class CheckKnownSends:
    """KnownSends. Compares positions, so it does not matter how many records follow.

    The store must have all these records too: a store that is ahead of the log, or behind it, may not have noticed yet
    that the log has lost records.
    """

    def __init__(self, *, log: FollowedEpochs, stored: StoredMessages, compare: CompareWithStore) -> None:
        self._followed = log
        self._stored = stored
        self._compare = compare

    async def moment(self) -> Mapping[int, int]:
        return await self._followed.ends()

    async def are_complete(self, ends: Mapping[int, int]) -> bool:
        if not covers(await self._followed.applied(), ends):
            return False
        stored = (await self._stored.progress()).offsets
        is_ahead = not covers(offsets_of(await self._followed.ends()), stored)
        if is_ahead or not covers(stored, offsets_of(ends)):
            return False
        return await self._compare.is_complete()

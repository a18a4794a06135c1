"""One open stream: what it still has to be told."""

import asyncio
from collections.abc import Mapping, Sequence

from kernel.ids import UserId
from services.presence.model import Connection, Presence


class Reader:
    """Keeps only the newest state of each user, so however slowly it is read, its size is bounded by its contacts."""

    def __init__(self, *, connection: Connection, device_id: str) -> None:
        """Sees only its own user until it is told of others."""
        self.connection = connection
        self.device_id = device_id
        self.contacts = frozenset({connection.user_id})
        self.ended = False
        self.reconnect = False
        """Whether it ended because this node goes away."""
        self._snapshot_due = True
        self._changes: dict[UserId, Presence] = {}
        self._wake = asyncio.Event()
        self._wake.set()

    def tell(self, presence: Presence) -> None:
        """A contact's state; one that is no newer than what waits here is not kept."""
        waiting = self._changes.get(presence.user_id)
        if waiting is None or waiting.version < presence.version:
            self._changes[presence.user_id] = presence
            self._wake.set()

    def start_again(self, contacts: frozenset[UserId]) -> None:
        """Everything is to be told again, of these contacts."""
        self.contacts = contacts
        self._snapshot_due = True
        self._wake.set()

    def end(self, *, reconnect: bool = False) -> None:
        """Nothing more is to be told."""
        self.ended, self.reconnect = True, self.reconnect or reconnect
        self._wake.set()

    async def wait(self, seconds: float) -> bool:
        """Wait until there is something to tell, or the stream ends; False if nothing came in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    def take_snapshot_request(self) -> bool:
        """Whether everything is to be read now; forgets the changes up to now, as what is read holds them."""
        due, self._snapshot_due = self._snapshot_due, False
        if due:
            self._changes.clear()
        return due

    def drop_known(self, told: Mapping[UserId, Presence]) -> None:
        """Forget changes that are no newer than what was told."""
        for user_id in list(self._changes):
            known = told.get(user_id)
            if known is not None and known.version >= self._changes[user_id].version:
                del self._changes[user_id]

    def take_changes(self) -> Sequence[Presence]:
        """The changes since the last call."""
        changes, self._changes = self._changes, {}
        return list(changes.values())

"""One open stream and the changes that it has not sent yet."""

import asyncio
from collections.abc import Mapping, Sequence

from kernel.ids import UserId
from services.presence.model import Connection, Presence


class Subscriber:
    """Keeps only the newest state per user, so a slow stream holds at most one state per contact."""

    def __init__(self, *, connection: Connection, device_id: str) -> None:
        """Begin with a snapshot request and the user as the only contact."""
        self.connection = connection
        self.device_id = device_id
        self.contacts = frozenset({connection.user_id})
        self.closed = False
        self.reconnect = False
        """Whether it was closed because this node shuts down."""
        self._snapshot_requested = True
        self._changes: dict[UserId, Presence] = {}
        self._wake = asyncio.Event()
        self._wake.set()

    def offer(self, presence: Presence) -> None:
        """Queue a state unless a state of the same or a newer version is queued."""
        queued = self._changes.get(presence.user_id)
        if queued is None or queued.version < presence.version:
            self._changes[presence.user_id] = presence
            self._wake.set()

    def request_snapshot(self, contacts: frozenset[UserId]) -> None:
        """Send a full snapshot of these contacts next."""
        self.contacts = contacts
        self._snapshot_requested = True
        self._wake.set()

    def close(self, *, reconnect: bool = False) -> None:
        """End the stream."""
        self.closed, self.reconnect = True, self.reconnect or reconnect
        self._wake.set()

    async def wait(self, seconds: float) -> bool:
        """Wait until there is something to send or the stream is closed; return False after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    def take_snapshot_request(self) -> bool:
        """Return whether a snapshot is requested, and clear the request and the changes that it will contain."""
        requested, self._snapshot_requested = self._snapshot_requested, False
        if requested:
            self._changes.clear()
        return requested

    def drop_known(self, sent: Mapping[UserId, Presence]) -> None:
        """Drop queued changes that are not newer than these states."""
        for user_id in list(self._changes):
            known = sent.get(user_id)
            if known is not None and known.version >= self._changes[user_id].version:
                del self._changes[user_id]

    def take_changes(self) -> Sequence[Presence]:
        """Return the queued changes and empty the queue."""
        changes, self._changes = self._changes, {}
        return list(changes.values())

"""One open stream, and the changes that wait to be sent on it."""

import asyncio
from collections.abc import Mapping, Sequence

from kernel.ids import UserId
from services.presence.model import Connection, Presence


class Subscriber:
    """The state of one stream.

    It queues only the newest presence of each contact, so the queue of a slow stream is bounded.
    """

    def __init__(self, *, connection: Connection, device_id: str) -> None:
        """Request a snapshot, and begin with the user as the only contact."""
        self.connection = connection
        self.device_id = device_id
        self.contacts = frozenset({connection.user_id})
        self.closed = False
        self.reconnect = False
        """Whether the client must reconnect, because this node shuts down."""
        self._snapshot_requested = True
        self._changes: dict[UserId, Presence] = {}
        self._wake = asyncio.Event()
        self._wake.set()

    def offer(self, presence: Presence) -> None:
        """Queue a presence, unless the same or a newer version is queued."""
        queued = self._changes.get(presence.user_id)
        if queued is None or queued.version < presence.version:
            self._changes[presence.user_id] = presence
            self._wake.set()

    def request_snapshot(self, contacts: frozenset[UserId]) -> None:
        """Replace the contacts, and let the stream send a snapshot of them next."""
        self.contacts = contacts
        self._snapshot_requested = True
        self._wake.set()

    def close(self, *, reconnect: bool = False) -> None:
        """End the stream."""
        self.closed, self.reconnect = True, self.reconnect or reconnect
        self._wake.set()

    async def wait(self, seconds: float) -> bool:
        """Wait until there is something to send or the stream is closed. Return False after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    def take_snapshot_request(self) -> bool:
        """Return whether a snapshot is requested, and clear the request.

        If so, also clear the queued changes, because the snapshot will contain them.
        """
        requested, self._snapshot_requested = self._snapshot_requested, False
        if requested:
            self._changes.clear()
        return requested

    def drop_known(self, sent: Mapping[UserId, Presence]) -> None:
        """Drop queued changes that are not newer than the presences in `sent`."""
        for user_id in list(self._changes):
            known = sent.get(user_id)
            if known is not None and known.version >= self._changes[user_id].version:
                del self._changes[user_id]

    def take_changes(self) -> Sequence[Presence]:
        """Return the queued changes and empty the queue."""
        changes, self._changes = self._changes, {}
        return list(changes.values())

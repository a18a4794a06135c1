"""Notices of changed blocks over the live bus, for messaging and presence."""

from kernel.bus.ports import BusMessage, LiveBus
from kernel.ids import UserId

_CHANNEL = "blocks:changed"


class BusBlockNotices:
    """BlockNotices that publishes `block` or `unblock`, the blocker and the blocked user, separated by spaces."""

    def __init__(self, *, bus: LiveBus) -> None:
        self._bus = bus

    async def changed(self, blocker: UserId, blocked: UserId, *, present: bool) -> None:
        verb = "block" if present else "unblock"
        await self._bus.publish([BusMessage(_CHANNEL, f"{verb} {blocker} {blocked}".encode())])

"""One at a time for each upload: a part, its completion, or giving it up."""

import asyncio
from weakref import WeakValueDictionary

from services.media.model import MediaId


class UploadLocks:
    """Locks by upload, within this process. A lock lives as long as somebody holds or awaits it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[MediaId, asyncio.Lock] = WeakValueDictionary()

    def of(self, upload_id: MediaId) -> asyncio.Lock:
        """The lock of an upload, for `async with`."""
        return self._locks.setdefault(upload_id, asyncio.Lock())

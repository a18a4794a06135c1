"""The ids of each user's files of one purpose, in Cassandra."""

from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId
from services.media.model import MediaId


class CassandraFileList:
    """The list of each user's files. Some may not exist, because a file is listed before it is stored."""

    def __init__(self, session: CassandraSession, *, table: str) -> None:
        self._session = session
        # An entry is added once and removed once, so fixed timestamps order the two writes on any clock.
        self._list = f"INSERT INTO {table} (owner_id, media_id) VALUES (?, ?) USING TIMESTAMP 1"
        self._listed = f"SELECT media_id FROM {table} WHERE owner_id = ?"
        self._unlist = f"DELETE FROM {table} USING TIMESTAMP 2 WHERE owner_id = ? AND media_id = ?"

    async def add(self, owner_id: UserId, media_id: MediaId) -> None:
        """Add a file to the user's list."""
        await self._session.execute(self._list, (owner_id, media_id))

    async def of_user(self, owner_id: UserId) -> list[MediaId]:
        """Return the ids of the user's files."""
        return [MediaId(row["media_id"]) for row in await self._session.execute(self._listed, (owner_id,))]

    async def remove(self, owner_id: UserId, media_id: MediaId) -> None:
        """Remove a file from the user's list, if it is there."""
        await self._session.execute(self._unlist, (owner_id, media_id))

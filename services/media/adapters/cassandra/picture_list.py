"""The ids of each user's pictures, in Cassandra."""

from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId
from services.media.model import MediaId

# An entry is added once and removed once, so fixed timestamps order the two writes on any clock.
_LIST = "INSERT INTO pictures_by_owner (owner_id, media_id) VALUES (?, ?) USING TIMESTAMP 1"
_LISTED = "SELECT media_id FROM pictures_by_owner WHERE owner_id = ?"
_UNLIST = "DELETE FROM pictures_by_owner USING TIMESTAMP 2 WHERE owner_id = ? AND media_id = ?"


class CassandraPictureList:
    """The list of each user's pictures. Some may not exist, because a picture is listed before it is stored."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def add(self, owner_id: UserId, media_id: MediaId) -> None:
        """Add a picture to the user's list."""
        await self._session.execute(_LIST, (owner_id, media_id))

    async def of_user(self, owner_id: UserId) -> list[MediaId]:
        """Return the ids of the user's pictures."""
        return [MediaId(row["media_id"]) for row in await self._session.execute(_LISTED, (owner_id,))]

    async def remove(self, owner_id: UserId, media_id: MediaId) -> None:
        """Remove a picture from the user's list, if it is there."""
        await self._session.execute(_UNLIST, (owner_id, media_id))

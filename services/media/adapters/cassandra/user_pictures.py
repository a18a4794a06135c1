"""The pictures of each user, in Cassandra."""

from collections.abc import Sequence

from kernel.ids import UserId
from services.media.adapters.cassandra.file_list import CassandraFileList
from services.media.adapters.cassandra.media import CassandraMediaStore
from services.media.adapters.cassandra.media_rows import CassandraMediaRows
from services.media.model import MediaId


class CassandraUserPictures:
    """UserPictures in Cassandra. A file that a group has had as its picture has a row for that group."""

    def __init__(self, *, rows: CassandraMediaRows, pictures: CassandraFileList, media: CassandraMediaStore) -> None:
        self._rows = rows
        self._pictures = pictures
        self._media = media

    async def delete(self, owner_id: UserId) -> int:
        deleted = 0
        for media_id in await self._pictures.of_user(owner_id):
            await self._media.delete(media_id)
            row = await self._rows.find(media_id)
            # If there is no row, the picture is just being stored, so it stays in the list.
            if row is not None and not row.exists:
                await self._pictures.remove(owner_id, media_id)
                deleted += 1
        return deleted

    async def of_user(self, owner_id: UserId) -> Sequence[MediaId]:
        return await self._pictures.of_user(owner_id)

    async def overwrite(self) -> None:
        """Do nothing: Cassandra drops deleted data at compaction."""

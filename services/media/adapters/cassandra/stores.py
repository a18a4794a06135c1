"""Media's stores over one Cassandra session. The caller opens and closes the session."""

from dataclasses import dataclass

from kernel.cassandra.schema import Schema, read_schema
from kernel.cassandra.session import CassandraSession
from kernel.time import Clock
from services.media.adapters.cassandra.file_list import CassandraFileList
from services.media.adapters.cassandra.log_bookmark import CassandraLogBookmark
from services.media.adapters.cassandra.media import CassandraMediaStore
from services.media.adapters.cassandra.media_rows import CassandraMediaRows
from services.media.adapters.cassandra.removals import CassandraComparisonProgress, CassandraPendingRemovals
from services.media.adapters.cassandra.sent_files import CassandraSentFiles
from services.media.adapters.cassandra.uploads import CassandraUploadStore
from services.media.adapters.cassandra.user_pictures import CassandraUserPictures


@dataclass(frozen=True, slots=True, kw_only=True)
class CassandraMediaStores:
    uploads: CassandraUploadStore
    media: CassandraMediaStore
    sent: CassandraSentFiles
    pictures: CassandraUserPictures
    bookmark: CassandraLogBookmark
    removals: CassandraPendingRemovals
    comparison: CassandraComparisonProgress


def media_schema() -> Schema:
    """Return the schema that media's stores need."""
    return read_schema("media", "services.media.adapters.cassandra.migrations")


def open_cassandra_media_stores(session: CassandraSession, *, clock: Clock) -> CassandraMediaStores:
    """Build the stores. This sends no query."""
    rows = CassandraMediaRows(session)
    pictures = CassandraFileList(session, table="pictures_by_owner")
    message_files = CassandraFileList(session, table="files_by_owner")
    media = CassandraMediaStore(session, rows=rows, pictures=pictures, message_files=message_files, clock=clock)
    return CassandraMediaStores(
        uploads=CassandraUploadStore(session),
        media=media,
        sent=CassandraSentFiles(session, rows=rows, media=media),
        pictures=CassandraUserPictures(rows=rows, pictures=pictures, media=media),
        bookmark=CassandraLogBookmark(session),
        removals=CassandraPendingRemovals(session),
        comparison=CassandraComparisonProgress(session),
    )
